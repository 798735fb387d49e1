# Koppeling. `make help` lists the targets.

SHELL      := /bin/bash
BUILD      ?= build
PREFIX     ?= /usr/local
DESTDIR    ?=
VERSION    := 0.1.0
CC         ?= cc
PKG_CONFIG ?= pkg-config

# How a directory such as build/asan was made (tests/checks.mk), so that it stays that way whoever makes it again.
-include $(BUILD)/variant.mk

# What is missing is installed before anything is compiled; deploy/install-deps does nothing when all is there.
PACKAGES := libcurl jansson libpq libsodium libmicrohttpd libssl libcrypto
NEED_CHECK := check check-% format% analyze compilers cppcheck tidy analyzer shellcheck man asan tsan cfi \
              valgrind fuzz torture
NEED_TEST  := test unit demo bench chaos failover contract manifests coverage replays fuzz-replay
NEEDED   := $(if $(filter $(NEED_CHECK),$(MAKECMDGOALS)),check,$(if $(filter $(NEED_TEST),$(MAKECMDGOALS)),test,build))
ifeq ($(filter help clean deps deb image try-install try-compose,$(MAKECMDGOALS)),)
ifneq ($(shell deploy/install-deps $(NEEDED) >&2 && echo ready),ready)
$(error the build dependencies are missing and could not be installed: see deploy/install-deps)
endif
endif

CFLAGS  ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wformat=2 -Wundef -Wwrite-strings -Wswitch-enum -Wpointer-arith -Wcast-qual \
            -Werror $(if $(findstring clang,$(CC)),-Wno-gnu-zero-variadic-macro-arguments)
# $(call supported,FLAG): the flag, if the compiler knows it (clang 14 has no zeroing of locals).
supported  = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))
AUTO_INIT ?= $(call supported,-ftrivial-auto-var-init=zero)
# A caller's own counts, such as that of dpkg-buildflags; and it means nothing without optimization.
FORTIFY   := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(filter -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=3)
# tests/analysis/hardening checks that these are in the programs.
HARDENING := -fstack-protector-strong -fPIE $(FORTIFY) -fstack-clash-protection $(AUTO_INIT) \
             $(call supported,-fcf-protection)
HARDENING_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
SANITIZING := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -DSANITIZED
OWN_CFLAGS  := -std=gnu17 -D_GNU_SOURCE -I. -I$(BUILD) -DKOPPELING_VERSION='"$(VERSION)"' $(WARNINGS) \
               $(if $(SANITIZE),$(SANITIZING),$(HARDENING)) \
               $(shell $(PKG_CONFIG) --cflags $(PACKAGES)) -pthread
OWN_LDFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE),$(HARDENING_LDFLAGS)) -pthread
LIBS        := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lunistring -lm
SYSTEMD     := $(shell $(PKG_CONFIG) --exists libsystemd && echo yes)
ifeq ($(SYSTEMD),yes)
OWN_CFLAGS += -DHAVE_SYSTEMD $(shell $(PKG_CONFIG) --cflags libsystemd)
LIBS       += $(shell $(PKG_CONFIG) --libs libsystemd)
endif

# $(call sources,FOLDER): the C files in it and below.
sources = $(sort $(shell find $(1) -name '*.c'))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$(1)))
COMMON     := $(call objects,common) $(BUILD)/obj/sql_embedded.o
SCHEDULER  := $(call objects,scheduler)
WORKER     := $(call objects,worker) $(BUILD)/obj/text_tables.o
SHEET      := $(BUILD)/obj/panel/sheet/main.o
PANEL      := $(filter-out $(SHEET),$(call objects,panel)) $(BUILD)/obj/panel_templates.o $(BUILD)/obj/panel_assets.o
SIMULATOR  := $(call objects,tests/simulator)
SQL        := $(sort $(wildcard sql/*.sql sql/*/*.sql))
TABLES     := $(sort $(wildcard worker/api/text/tables/*.tsv))
TEMPLATES  := $(sort $(wildcard panel/templates/*.html))
TEXTS      := panel/texts/nl.txt panel/texts/en.txt
ASSETS     := panel/assets/style.css panel/assets/icon.svg panel/assets/htmx/htmx.min.js
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
PROGRAMS   := $(BUILD)/koppeling-scheduler $(BUILD)/koppeling-worker $(BUILD)/koppeling-panel \
              $(BUILD)/koppeling-sheet $(BUILD)/koppeling-simulator

.PHONY: all help deps test demo bench chaos failover contract browser screenshots oidc manifests man manual install \
        deb image try-install try-compose clean unit
.DELETE_ON_ERROR:

# Short lines; `make V=1` shows the whole commands.
ifneq ($(V),1)
Q := @
say = @echo "  $(1)"
endif

all: $(PROGRAMS) ## build the programs in build/

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(filter %Makefile %.mk,$(MAKEFILE_LIST))

deps: ## install what is missing (Debian)
	deploy/install-deps test

$(BUILD)/koppeling-scheduler: $(SCHEDULER) $(BUILD)/libcommon.a
$(BUILD)/koppeling-worker: $(WORKER) $(BUILD)/libcommon.a
$(BUILD)/koppeling-panel: $(PANEL) $(BUILD)/libcommon.a
$(BUILD)/koppeling-simulator: $(SIMULATOR) $(BUILD)/libcommon.a
$(BUILD)/koppeling-simulator: LIBS += -lz
# The one program that reads PDFs; their headers are not held to our warnings.
$(BUILD)/koppeling-sheet: $(SHEET)
$(BUILD)/koppeling-sheet: LIBS = $(shell $(PKG_CONFIG) --libs cairo-pdf poppler-glib)
# It may open no file, so it cannot write down what of it was run (make coverage).
$(SHEET): CFLAGS := $(filter-out --coverage,$(CFLAGS))
$(SHEET): OWN_CFLAGS += $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags cairo-pdf poppler-glib))
$(PROGRAMS):
	$(call say,LINK $@)
	$(Q)$(CC) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libcommon.a: $(COMMON)
	$(call say,AR   $@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/libworker.a: $(filter-out %/worker/main.o,$(WORKER))
	$(call say,AR   $@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/libpanel.a: $(filter-out %/panel/main.o,$(PANEL))
	$(call say,AR   $@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC   $<)
	$(Q)$(CC) $(OWN_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# All SQL is compiled into the programs, so that nothing else has to be shipped.
# The folders are named too, so that a file that is gone goes out as well.
$(BUILD)/sql_embedded.c: sql/embed.awk sql/revision $(SQL) $(sort $(dir $(SQL)))
	@mkdir -p $(@D)
	$(call say,SQL  $@)
	$(Q)awk -f sql/embed.awk sql/revision $(SQL) > $@.part && mv $@.part $@

$(BUILD)/obj/sql_embedded.o: $(BUILD)/sql_embedded.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(OWN_CFLAGS) -Wno-overlength-strings $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# So are the tables of countries, their names and their phone numbers.
$(BUILD)/text_tables.c: worker/api/text/tables/tables.awk $(TABLES)
	@mkdir -p $(@D)
	$(call say,AWK  $@)
	$(Q)awk -f worker/api/text/tables/tables.awk $(TABLES) > $@.part && mv $@.part $@

$(BUILD)/obj/text_tables.o: $(BUILD)/text_tables.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(OWN_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# And the pages of the panel, their texts and the files beside them.
$(BUILD)/panel_templates.c: panel/template/compile.awk $(TEXTS) $(TEMPLATES) panel/templates
	@mkdir -p $(@D)
	$(call say,HTML $@)
	$(Q)awk -f panel/template/compile.awk $(TEXTS) $(TEMPLATES) > $@.part && mv $@.part $@

$(BUILD)/panel_assets.c: panel/assets/embed.awk $(ASSETS) panel/assets/htmx/SHA256SUMS
	@mkdir -p $(@D)
	$(call say,AWK  $@)
	$(Q)cd panel/assets/htmx && sha256sum --quiet --check SHA256SUMS
	$(Q)awk -f panel/assets/embed.awk $(ASSETS) > $@.part && mv $@.part $@

$(BUILD)/obj/panel_%.o: $(BUILD)/panel_%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(OWN_CFLAGS) -Wno-overlength-strings -Wno-missing-field-initializers $(CPPFLAGS) $(CFLAGS) -MMD -MP \
	  -c -o $@ $<

UNIT_MAIN := $(BUILD)/obj/tests/unit/main.o
.SECONDARY: $(UNIT_MAIN)
$(BUILD)/unit/%: tests/unit/%.c $(UNIT_MAIN) $(BUILD)/libworker.a $(BUILD)/libpanel.a $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call say,TEST $@)
	$(Q)$(CC) $(OWN_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $< $(UNIT_MAIN) \
	  $(BUILD)/libworker.a $(BUILD)/libpanel.a $(BUILD)/libcommon.a -lcmocka -lz $(LIBS)

# The worker with the kind that CONTRIBUTING adds: its table of kinds stands before the library's.
$(BUILD)/example_kind/koppeling-worker: $(addprefix $(BUILD)/obj/,worker/main.o tests/example_kind/greet.o \
                                          tests/example_kind/job_kinds.o) $(BUILD)/libworker.a $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CC) $(OWN_CFLAGS) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

unit: $(UNIT_TESTS) ## build the unit test programs

test: all unit replays torturers ## run all tests against a private PostgreSQL and the simulator
	@BUILD=$(BUILD) tests/run

chaos: all ## kill, cut, stop and mislead the programs and check that nothing is lost (ROUNDS=n; SEED=n; TLS=1)
	@BUILD=$(BUILD) /usr/bin/python3 -m unittest -q tests/chaos/test_checker.py
	@BUILD=$(BUILD) /usr/bin/python3 tests/chaos/run $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(TLS),--tls)

# The packages of a cluster are installed if that can be done; without them it says that it was skipped.
failover: all ## kill the primary of a database cluster under load, over two paths (KILLS=30: long; SEED=n: again)
	@deploy/install-deps ha || true
	@BUILD=$(BUILD) /usr/bin/python3 tests/chaos/failover $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED)) \
	  $(FAILOVERFLAGS)

# Prism and a generator of orders come from npm, as the lock says, into the build folder: only this needs a network.
$(BUILD)/contract/installed: tests/contract/package-lock.json tests/contract/package.json
	@command -v npm >/dev/null && /usr/bin/python3 -c 'import yaml' 2>/dev/null || deploy/install-deps contract
	@mkdir -p $(@D) && cp $^ $(@D) && npm ci --prefix $(@D) --no-audit --no-fund --loglevel=error && touch $@

# So do the schemas of Kubernetes.
$(BUILD)/manifests/installed: tests/manifests/package-lock.json tests/manifests/package.json
	@command -v npm >/dev/null || deploy/install-deps contract
	@mkdir -p $(@D) && cp $^ $(@D) && npm ci --prefix $(@D) --no-audit --no-fund --loglevel=error && touch $@

manifests: all $(BUILD)/manifests/installed ## hold deploy/kubernetes against schemas and the programs
	@/usr/bin/python3 tests/manifests/run $(BUILD)/manifests
	@BUILD=$(BUILD) tests/run integration manifests

# CONTRACT_DOCUMENT reaches it by the environment, from the command line too.
contract: all $(BUILD)/contract/installed ## hold requests and answers against documents (CONTRACT_DOCUMENT=official)
	@BUILD=$(BUILD) /usr/bin/python3 tests/contract/run $(CONTRACT)

# axe, which holds pages against WCAG, comes from npm as the lock says: only this needs a network.
$(BUILD)/browser/installed: tests/browser/package-lock.json tests/browser/package.json
	@deploy/install-deps browser
	@mkdir -p $(@D) && cp $^ $(@D) && npm ci --prefix $(@D) --no-audit --no-fund --loglevel=error && touch $@

browser: all $(BUILD)/browser/installed ## click through the panel in Chromium (BROWSER="part of a name")
	@BUILD=$(BUILD) /usr/bin/python3 -B tests/browser/run $(BROWSER)

screenshots: all $(BUILD)/browser/installed ## take the pictures of docs/panel anew (PICTURES=folder)
	@BUILD=$(BUILD) PICTURES=$(or $(PICTURES),docs/panel) /usr/bin/python3 -B tests/browser/run $(BROWSER)

# The provider comes from npm as the lock says: only this needs a network.
$(BUILD)/oidc/installed: tests/oidc/package-lock.json tests/oidc/package.json
	@command -v npm >/dev/null && [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || deploy/install-deps oidc
	@mkdir -p $(@D) && cp $^ $(@D) && npm ci --prefix $(@D) --no-audit --no-fund --loglevel=error && touch $@

oidc: all $(BUILD)/oidc/installed ## sign in to the panel by OpenID Connect, through Apache (OIDC="part of a name")
	@BUILD=$(BUILD) /usr/bin/python3 -B tests/oidc/run $(OIDC)

bench: all ## measure speed and cost (QUICK=1: under 3 minutes; ITEM=polls: one item) into build/bench/report.md
	@BUILD=$(BUILD) /usr/bin/python3 tests/bench/run $(if $(QUICK),--quick) $(ITEM) $(BENCHFLAGS)

# Overwritten by what a packager sets; systemd looks for units in both /usr/lib and /usr/local/lib.
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/koppeling
UNITDIR    ?= $(PREFIX)/lib/systemd/system
MANUALS    := $(wildcard docs/man/*.1 docs/man/*.5 docs/man/*.7)
DOCUMENTS  := README.md SECURITY.md ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md LICENSE \
              worker/api/text/tables/LICENSES \
              $(wildcard docs/*.svg docs/*.md docs/bench/*.svg docs/panel/*.png docs/reference/*.md \
                docs/reference/*.yaml docs/reference/openapi/*.yaml) \
              deploy/env.example deploy/container/.env tests/oidc/apache.conf \
              $(wildcard deploy/systemd/* deploy/container/* deploy/ha/* deploy/monitoring/*) \
              $(sort $(shell find deploy/kubernetes -type f)) \
              $(wildcard tests/README.md tests/*/README.md tests/example_kind/*) tests/integration/test_example_kind.py

demo: all ## show it at work on this machine; KEEP=1 leaves it running
	@BUILD=$(BUILD) deploy/demo $(if $(KEEP),keep,run)

manual: all ## write koppeling-sql(7) anew from the comments in the database, and all settings from --help
	@for page in $$(grep -l 'made: end' docs/man/*.[15]); do \
	  awk -v build=$(BUILD) -f docs/man/settings.awk $$page > $(BUILD)/page && cat $(BUILD)/page > $$page || exit 1; \
	done
	@url=$$(deploy/private-postgres start $(BUILD)/manual fsync=off) && \
	  KOPPELING_DATABASE_URL="$$url" $(BUILD)/koppeling-scheduler migrate 2>/dev/null && \
	  psql "$$url" -qXAt -f docs/man/koppeling-sql.7.sql > docs/man/koppeling-sql.7; \
	  status=$$?; deploy/private-postgres clean $(BUILD)/manual; exit $$status

man: all ## check the manual pages: their form, and that they have all that --help has
	@for page in $(MANUALS); do \
	  warnings=$$(groff -man -Tutf8 -ww -z $$page 2>&1) && [ -z "$$warnings" ] || { echo "$$warnings" >&2; exit 1; }; \
	  case $$page in *.[57]) continue ;; esac; \
	  for name in $$($(BUILD)/$$(basename $$page .1) --help | grep -oE '^  +(--[a-z-]+|KOPPELING_[A-Z_]+)'); do \
	    sed 's/\\-/-/g' $$page | grep -qF -- "$$name" || { echo "$$page: $$name is not explained" >&2; exit 1; }; \
	  done; \
	done

install: all ## install programs, manual pages, units and documents below DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(UNITDIR) $(DESTDIR)$(DOCDIR)
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	for page in $(MANUALS); do \
	  install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; \
	done
	for unit in deploy/systemd/*.service deploy/systemd/*.target; do \
	  sed 's|/usr/local/bin/|$(PREFIX)/bin/|' $$unit > $(DESTDIR)$(UNITDIR)/$${unit##*/} && \
	  chmod 644 $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	for document in $(DOCUMENTS); do \
	  install -D -m 644 $$document $(DESTDIR)$(DOCDIR)/$$document || exit 1; \
	done

deb: ## build Debian packages of what is committed in build/deb, without rights, and check them (COMMIT=x: another)
	@deploy/install-deps deb && deploy/make-deb $(COMMIT)

image: deb ## build a container image of those packages in build/image, and try it (needs root)
	@deploy/install-deps image && deploy/make-image

try-install: ## try the packages in a booted container: start, watch, hang, upgrade under load, purge (needs root)
	@deploy/install-deps try && tests/packages/try-install $(STEPS)

try-compose: image ## bring deploy/container/compose.yaml up with that image, in a network of its own (needs root)
	@deploy/install-deps compose && tests/packages/try-compose

-include $(patsubst %.o,%.d,$(COMMON) $(SCHEDULER) $(WORKER) $(PANEL) $(SHEET) $(SIMULATOR) $(UNIT_MAIN)) \
         $(wildcard $(BUILD)/unit/*.d)

include tests/checks.mk

clean: ## remove build/, and end a demo that was left running there
	@[ ! -e $(BUILD)/demo/postgres ] || BUILD=$(BUILD) deploy/demo stop
	rm -rf $(BUILD)
