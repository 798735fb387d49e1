# The checks beyond the tests: `make check` runs them all. Each variant compiles into a directory of its own below
# build/, so that they do not undo each other's work, and what is up to date is not done again.

PARTS     := common scheduler worker worker/api worker/jobs tests/unit tests/simulator tests/fuzz
C_SOURCES := $(sort $(wildcard $(addsuffix /*.c,$(PARTS))))
C_HEADERS := $(sort $(wildcard $(addsuffix /*.h,$(PARTS))))

FUZZ_SECONDS ?= 60
SANITIZER_CC ?= clang

# $(call variant,NAME,SETTING...): make, in build/NAME, with these settings.
variant = mkdir -p $(BUILD)/$(1) && printf '%s\n' $(2) >$(BUILD)/$(1)/variant.mk && $(MAKE) --no-print-directory BUILD=$(BUILD)/$(1)
MEMORY   := address,undefined
# Locals are not zeroed here, so that valgrind and the analyser see what nobody set.
GCC      := 'CC := gcc' 'AUTO_INIT :='
# What an indirect call may reach: clang needs the whole program at once for it, so its own linker and archiver.
CFI      := 'CC := clang' 'AR := llvm-ar' 'CFLAGS := -O2 -g -flto -fvisibility=hidden -fsanitize=cfi -fno-sanitize-trap=cfi -fcf-protection=none' \
            'LDFLAGS := -flto -fuse-ld=lld -fsanitize=cfi -fno-sanitize-trap=cfi'
FUZZING  := fuzzer-no-link,address,undefined
COVERING := -O0 -g --coverage -fprofile-update=atomic

.PHONY: check format format-check check-source analyze compilers cppcheck tidy analyzer shellcheck run-unit asan tsan cfi valgrind coverage fuzzers fuzz replays fuzz-replay

check: format-check check-source analyze asan tsan valgrind fuzz test ## everything before a release; FUZZ_SECONDS=5 shortens it

format: ## lay out the C files as .clang-format says
	clang-format -i $(C_SOURCES) $(C_HEADERS)

format-check: ## tell which C files are not laid out so
	@clang-format --dry-run -Werror $(C_SOURCES) $(C_HEADERS)
	@! LC_ALL=C.UTF-8 grep -nE '^.{101,}' $(C_SOURCES) $(C_HEADERS) || { echo "these lines are too long" >&2; exit 1; }

check-source: ## layers, banned calls, sizes, SQL in C strings
	@tests/check-source --self-test | grep -v '^ok'
	@tests/check-source

analyze: compilers cppcheck tidy analyzer shellcheck ## gcc and clang, cppcheck, clang-tidy, gcc -fanalyzer, shellcheck

compilers:
	+@$(call variant,gcc,$(GCC)) all unit replays
	+@$(call variant,clang,'CC := clang') all unit replays

cppcheck:
	@cppcheck --quiet --error-exitcode=1 --enable=warning,style,performance,portability --std=c11 --inline-suppr \
	  --suppressions-list=tests/analysis/cppcheck.txt -I. --cppcheck-build-dir=$$(mkdir -p $(BUILD)/cppcheck && echo $(BUILD)/cppcheck) \
	  $(PARTS)

# A process for each file: clang 14 finds uninitialised va_lists that are not there in the second one.
tidy: $(C_SOURCES:%.c=$(BUILD)/tidy/%.ok)

$(BUILD)/tidy/%.ok: %.c $(C_HEADERS) .clang-tidy $(wildcard tests/*/.clang-tidy) | $(BUILD)/sql_embedded.c
	@mkdir -p $(@D)
	$(call say,TIDY $<)
	@clang-tidy --quiet $< -- $(filter -std=% -D% -I%,$(OWN_CFLAGS)) >$(@:.ok=.txt) 2>&1 || { cat $(@:.ok=.txt) >&2; exit 1; }
	@touch $@

analyzer:
	+@$(call variant,analyzer,$(GCC) 'CFLAGS := -O2 -g -fanalyzer') all unit replays

shellcheck:
	@shellcheck $$(grep -lrE '^#!/bin/(ba)?sh' --include=* .ci deploy tests)

# The unit tests of a build, each under a program such as valgrind if one is given, and the inputs that fuzzing found.
run-unit: unit replays
	@tests/analysis/run-unit $(BUILD) $(UNDER)

# Afterwards: BUILD=build/asan tests/run integration; tests/analysis/reports build/asan shows what was reported
asan: ## programs and unit tests with AddressSanitizer and UndefinedBehaviorSanitizer in build/asan
	+@$(call variant,asan,'CC := $(SANITIZER_CC)' 'CFLAGS := -O1 -g' 'SANITIZE := $(MEMORY)') all run-unit

tsan: ## the same with ThreadSanitizer in build/tsan
	+@$(call variant,tsan,'CC := $(SANITIZER_CC)' 'CFLAGS := -O1 -g' 'SANITIZE := thread') all run-unit

# Try it out: BUILD=build/cfi tests/run integration
cfi: ## programs and unit tests with clang's control flow integrity in build/cfi
	+@$(call variant,cfi,$(CFI)) all run-unit

valgrind: ## unit tests under valgrind
	+@$(call variant,gcc,$(GCC)) run-unit UNDER='valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,possible --errors-for-leak-kinds=definite,possible --suppressions=tests/analysis/valgrind.supp'

# WITH=integration (or "all") runs more than the unit tests.
coverage: ## line coverage by directory, of the unit tests; WITH=integration: of those too
	+@$(call variant,coverage,'CC := gcc' 'CFLAGS := $(COVERING)' 'LDFLAGS := --coverage') all unit replays
	@find $(BUILD)/coverage -name '*.gcda' -delete
	+@$(call variant,coverage,'CC := gcc' 'CFLAGS := $(COVERING)' 'LDFLAGS := --coverage') run-unit
	$(if $(WITH),BUILD=$(BUILD)/coverage tests/run $(WITH))
	@tests/analysis/coverage $(BUILD)/coverage

# Fuzzing: one program per parser of bytes from outside. tests/fuzz/README.md says how to add one.
FUZZED := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

fuzz: ## fuzz each parser for FUZZ_SECONDS
	+@$(call variant,fuzz,'CC := clang' 'CFLAGS := -O1 -g' 'SANITIZE := $(FUZZING)') fuzzers
	@tests/fuzz/run $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ)

fuzz-replay: replays ## run what fuzzing once found
	@tests/fuzz/replay $(BUILD)

fuzzers: $(FUZZED:%=$(BUILD)/fuzz/fuzz_%)
replays: $(FUZZED:%=$(BUILD)/fuzz/replay_%)

compile_fuzz = $(CC) $(OWN_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(OWN_LDFLAGS) $(LDFLAGS) $(1) -o $@ $< $(filter %.o,$^) \
	  $(BUILD)/libworker.a $(BUILD)/libcommon.a $(LIBS)

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/libworker.a $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(call compile_fuzz,-fsanitize=fuzzer)

.SECONDARY: $(BUILD)/obj/tests/fuzz/main.o
$(BUILD)/fuzz/replay_%: tests/fuzz/fuzz_%.c $(BUILD)/obj/tests/fuzz/main.o $(BUILD)/libworker.a $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call say,FUZZ $@)
	$(Q)$(call compile_fuzz)

-include $(wildcard $(BUILD)/fuzz/*.d)
