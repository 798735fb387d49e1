# The checks beyond the tests: `make check` runs them all. Each variant compiles into a directory of its own below
# build/, so that they do not undo each other's work, and what is up to date is not done again.

PARTS     := common scheduler worker panel tests/unit tests/simulator tests/fuzz tests/torture
C_SOURCES := $(call sources,$(PARTS))
C_HEADERS := $(sort $(shell find $(PARTS) -name '*.h'))

FUZZ_SECONDS ?= 60
COVERAGE_LEAST ?= 90
SANITIZER_CC ?= clang

# $(call variant,NAME,SETTING...): make, in build/NAME, with these settings.
variant = mkdir -p $(BUILD)/$(1) && printf '%s\n' $(2) >$(BUILD)/$(1)/variant.mk && \
          $(MAKE) --no-print-directory BUILD=$(BUILD)/$(1)
MEMORY   := address,undefined
# Locals are not zeroed here, so that valgrind and the analyser see what nobody set.
GCC      := 'CC := gcc' 'AUTO_INIT :='
# What an indirect call may reach: clang needs the whole program at once for it, so its own linker and archiver.
CHECKED  := -flto -fsanitize=cfi -fno-sanitize-trap=cfi
CFI      := 'CC := clang' 'AR := llvm-ar' 'LDFLAGS := $(CHECKED) -fuse-ld=lld' \
            'CFLAGS := -O2 -g $(CHECKED) -fvisibility=hidden -fcf-protection=none'
FUZZING  := fuzzer-no-link,address,undefined
COVERING := -O0 -g --coverage -fprofile-update=atomic
CHECKS   := format-check check-source man compilers cppcheck tidy analyzer shellcheck test asan tsan valgrind coverage \
            fuzz torture

.PHONY: check format format-check check-source monitoring analyze compilers cppcheck tidy analyzer shellcheck asan \
        tsan cfi valgrind coverage fuzzers fuzz replays fuzz-replay

check: ## everything before a release, with the time that each part took; FUZZ_SECONDS=5 shortens it
	+@for check in $(CHECKS); do \
	  started=$$SECONDS; \
	  $(MAKE) --no-print-directory $$check || { echo "== $$check failed after $$((SECONDS - started)) s" >&2; exit 1; }; \
	  echo "== $$check: $$((SECONDS - started)) s"; \
	done

format: ## lay out the C files as .clang-format says
	clang-format -i $(C_SOURCES) $(C_HEADERS)

format-check: ## tell which C files are not laid out so
	@clang-format --dry-run -Werror $(C_SOURCES) $(C_HEADERS)

monitoring: all ## alert rules, metrics, and the dashboard by a Prometheus that scrapes the programs, with its picture
	@deploy/install-deps monitoring
	@cd deploy/monitoring && promtool check rules alerts.yml && promtool test rules alerts.test.yml
	@BUILD=$(BUILD) tests/run integration metrics.MetricsTest watch.WatchTest dashboard.DashboardTest

check-source: ## layers, banned calls, sizes, SQL in C strings, citations
	@tests/check-source --self-test | grep -v '^ok'
	@tests/check-source
	@tests/check-revision

analyze: compilers cppcheck tidy analyzer shellcheck ## gcc and clang, cppcheck, clang-tidy, gcc -fanalyzer, shellcheck

compilers:
	+@$(call variant,gcc,$(GCC)) all unit replays
	+@$(call variant,clang,'CC := clang') all unit replays

cppcheck:
	@mkdir -p $(BUILD)/cppcheck
	@cppcheck --quiet --error-exitcode=1 --enable=warning,style,performance,portability --std=c11 --inline-suppr \
	  --suppressions-list=tests/analysis/cppcheck.txt -I. --cppcheck-build-dir=$(BUILD)/cppcheck $(PARTS)

# A process for each file: clang 14 finds uninitialised va_lists that are not there in the second one.
tidy: $(C_SOURCES:%.c=$(BUILD)/tidy/%.ok)

$(BUILD)/tidy/%.ok: %.c $(C_HEADERS) .clang-tidy $(wildcard tests/*/.clang-tidy) | $(BUILD)/sql_embedded.c
	@mkdir -p $(@D)
	$(call say,TIDY $<)
	@clang-tidy --quiet $< -- $(filter -std=% -D% -I%,$(OWN_CFLAGS)) >$(@:.ok=.txt) 2>&1 || \
	  { cat $(@:.ok=.txt) >&2; exit 1; }
	@touch $@

analyzer:
	+@$(call variant,analyzer,$(GCC) 'CFLAGS := -O2 -g -fanalyzer') all unit replays

shellcheck:
	@shellcheck -x $$(grep -lrE '^#!/bin/(ba)?sh' --include=* .ci debian deploy tests)

# The whole test suite, on programs that report what they do wrong with memory or threads.
asan: ## all tests with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, in build/asan
	+@$(call variant,asan,'CC := $(SANITIZER_CC)' 'CFLAGS := -O1 -g' 'SANITIZE := $(MEMORY)') all unit replays seeded
	@tests/analysis/sanitized $(BUILD)/asan

tsan: ## all tests with ThreadSanitizer, in build/tsan
	+@$(call variant,tsan,'CC := $(SANITIZER_CC)' 'CFLAGS := -O1 -g' 'SANITIZE := thread') all unit replays seeded
	@tests/analysis/sanitized $(BUILD)/tsan

# Faults on purpose: those that report nothing about them would report nothing at all.
.PHONY: seeded
seeded: $(BUILD)/seeded
$(BUILD)/seeded: tests/analysis/seeded.c
	$(call say,LINK $@)
	$(Q)$(CC) $(OWN_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $<

valgrind: ## unit tests and short integration tests under valgrind
	+@$(call variant,gcc,$(GCC)) all unit replays
	@tests/analysis/valgrind $(BUILD)/gcc

# Try the rest: BUILD=build/cfi tests/run integration
cfi: ## programs and unit tests with clang's control flow integrity in build/cfi
	+@$(call variant,cfi,$(CFI)) all unit replays
	@BUILD=$(BUILD)/cfi tests/run unit

# A program that ends by _exit() writes its counts down first (count_exit.c); one that is killed cannot.
WRAPPING = --coverage -Wl,--wrap=_exit $(BUILD)/coverage/count_exit.o
# Not the allocations that fail: the counting allocates too.
COVERED  = unit,fuzz,sql,integration,chaos
coverage: ## lines and branches that all tests run, by directory, and what none runs; fails below COVERAGE_LEAST percent
	@mkdir -p $(BUILD)/coverage && gcc -O0 -c -o $(BUILD)/coverage/count_exit.o tests/analysis/count_exit.c
	+@$(call variant,coverage,'CC := gcc' 'CFLAGS := $(COVERING)' 'LDFLAGS := $(WRAPPING)') all unit replays
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@BUILD=$(BUILD)/coverage tests/run $(or $(WITH),$(COVERED))
	@tests/analysis/coverage $(BUILD)/coverage $(COVERAGE_LEAST)

# Fuzzing: one program per parser of bytes from outside. tests/fuzz/README.md says how to add one.
FUZZ_LIBRARIES := $(BUILD)/libworker.a $(BUILD)/libpanel.a $(BUILD)/libcommon.a
FUZZED := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

fuzz: ## fuzz each parser for FUZZ_SECONDS
	+@$(call variant,fuzz,'CC := clang' 'CFLAGS := -O1 -g' 'SANITIZE := $(FUZZING)') fuzzers
	@tests/fuzz/run $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ)

fuzz-replay: replays ## run what fuzzing once found
	@tests/fuzz/replay $(BUILD)

fuzzers: $(FUZZED:%=$(BUILD)/fuzz/fuzz_%)
replays: $(FUZZED:%=$(BUILD)/fuzz/replay_%)

compile_fuzz = $(CC) $(OWN_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(OWN_LDFLAGS) $(LDFLAGS) $(1) \
	  -o $@ $< $(filter %.o,$^) $(FUZZ_LIBRARIES) $(LIBS)

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_LIBRARIES)
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(call compile_fuzz,-fsanitize=fuzzer)

.SECONDARY: $(BUILD)/obj/tests/fuzz/main.o
$(BUILD)/fuzz/replay_%: tests/fuzz/fuzz_%.c $(BUILD)/obj/tests/fuzz/main.o $(FUZZ_LIBRARIES)
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(call compile_fuzz)

-include $(wildcard $(BUILD)/fuzz/*.d)

# Torture: what allocates or calls the system fails, by number. tests/torture/README.md.
WRAPPED := malloc calloc realloc strdup strndup vasprintf __vasprintf_chk
comma   := ,

.PHONY: torture torturers
torture: all $(BUILD)/torture/faults.so ## let allocations and system calls fail, and kill (ALL=1: long; SEED=n: again)
	+@$(call variant,asan,'CC := $(SANITIZER_CC)' 'CFLAGS := -O1 -g' 'SANITIZE := $(MEMORY)') torturers
	@BUILD=$(BUILD) /usr/bin/python3 tests/torture/run $(if $(ALL),--all) $(if $(SEED),--seed $(SEED))

torturers: $(FUZZED:%=$(BUILD)/torture/torture_%)

.SECONDARY: $(BUILD)/obj/tests/torture/main.o
$(BUILD)/torture/torture_%: tests/fuzz/fuzz_%.c $(BUILD)/obj/tests/torture/main.o $(FUZZ_LIBRARIES)
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(call compile_fuzz,$(WRAPPED:%=-Wl$(comma)--wrap=%))

# Preloaded into programs as they are, so without their sanitizers; it stands before what libc declares as never NULL.
$(BUILD)/torture/faults.so: tests/torture/faults.c
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fno-builtin -fPIC -shared -o $@ $<

-include $(wildcard $(BUILD)/torture/*.d)
