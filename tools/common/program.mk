# SPDX-License-Identifier: GPL-2.0
# What the Makefiles of programs have in common. They set NAME, SOURCES and
# COMMON (without .c; COMMON are in this folder, and some are headers only) and
# LIBRARIES.

O ?= ../../build/tools
PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes

LIBRARY := ../lib
# Its own, so that several programs can be built at once.
LIBMYTUN := $(abspath $(O))/$(NAME).lib/libmytun.a
ALL_CPPFLAGS = -I$(LIBRARY) -isystem ../../src/uapi -D_GNU_SOURCE \
	       -D_FILE_OFFSET_BITS=64 $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(WARNINGS) -pthread $(CFLAGS)
C_FILES := $(SOURCES:%=%.c) $(wildcard $(COMMON:%=../common/%.c))
H_FILES := $(wildcard *.h ../common/*.h $(LIBRARY)/*.h)

.DEFAULT_GOAL := all
.PHONY: all install clean library
all: $(O)/$(NAME)

# The library has rules of its own.
library:
	+$(MAKE) -C $(LIBRARY) O=$(patsubst %/,%,$(dir $(LIBMYTUN))) $(LIBMYTUN)

$(O)/$(NAME): $(C_FILES) $(H_FILES) library
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $(C_FILES) $(LIBMYTUN) \
		$(LIBRARIES) -o $@

install: all
	$(INSTALL) -D -m 755 $(O)/$(NAME) $(DESTDIR)$(SBINDIR)/$(NAME)
	$(INSTALL) -D -m 644 ../man/$(NAME).8 \
		$(DESTDIR)$(MANDIR)/man8/$(NAME).8
	$(INSTALL) -D -m 644 ../completion/$(NAME) \
		$(DESTDIR)$(COMPLETIONDIR)/$(NAME)

clean:
	$(RM) $(O)/$(NAME)
	$(RM) -r $(O)/$(NAME).lib
