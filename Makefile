# SPDX-License-Identifier: GPL-2.0
# mytun: what a person types. kbuild's own rules are in src/Kbuild.

KVER ?= $(if $(KERNELRELEASE),$(KERNELRELEASE),$(shell uname -r))
KDIR ?= /lib/modules/$(KVER)/build

.PHONY: all module clean help

all: module

help:
	@echo 'make module [KDIR=...]  build src/mytun.ko for a prepared kernel tree'
	@echo 'make demo               a VPN over mytun, in a virtual machine'
	@echo 'make check              all tests [KERNELS=...] [TESTS=...] [LONG=1]'

# dkms appends KERNELRELEASE=..., which names the same kernel as KDIR and passes through.
module:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src modules

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src clean

# Packages and the source tarball go to build/; nothing else is written.
.PHONY: dist deb
dist:
	tools/package/tarball build/mytun-$$(tools/package/version).tar.xz

deb:
	tools/package/deb build/deb
