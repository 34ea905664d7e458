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
	@echo 'make check-kernel KDIR=... KERNEL_IMAGE=...  the tests on a kernel of yours'
	@echo 'make compat-report KDIR=...   what its headers have, and what is expected'
	@echo 'make bench              mytun beside its peers [KERNELS=...] [BENCH=...]'
	@echo 'make bench-copy         what copying costs, in instructions [KERNEL=...]'
	@echo 'make style              how the source is written'
	@echo 'make bench-guide        the changes in doc/applications.md [KERNEL=...]'
	@echo 'make deb, rpm, dist      packages and tarball, in build/'
	@echo 'make repo KEY=...        repositories for apt and dnf, in build/repo [REPO=...]'
	@echo 'make install, uninstall the module by dkms, without a package'

# dkms appends KERNELRELEASE=..., which names the same kernel as KDIR and passes through.
module:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src modules

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src clean

# Packages and the source tarball go to build/; nothing else is written.
.PHONY: dist deb rpm repo
dist:
	tools/package/tarball build/mytun-$$(tools/package/version).tar.xz

deb:
	tools/package/deb build/deb

rpm:
	tools/package/rpm build/rpm

# Repositories that apt, dnf and yum install from, signed with the key KEY.
REPO ?= build/repo
repo: deb rpm
	tools/package/repo '$(REPO)' '$(KEY)' build/deb build/rpm

.PHONY: style demo
style:
	selftests/style/run

# KERNEL=5.10|6.1|6.12|newest chooses the virtual machine.
demo:
	selftests/demo/run

# What the program in doc/applications.md takes for a packet, there and back, as it
# stands after each change, in instructions. KERNEL= as for demo.
.PHONY: bench-guide
bench-guide: python deb
	selftests/guide/build build/guide
	selftests/vm/run --kernel $(KERNEL) --icount \
		--package build/deb/mytun-dkms_*.deb --files build/guide -- \
		sh -c 'modprobe tun && modprobe mytun && \
		for one in 0-tun 1-mytun 2-batch 3-ring; do \
		./roundtrip ./$$one 64 1400 || exit; done'

# With dkms but without a package; KVER= names the kernel.
.PHONY: install uninstall
install uninstall:
	tools/package/dkms $@ $(KVER)

# Virtual machines. check honours KERNELS="6.1 newest", TESTS="data" and LONG=1.
.PHONY: check check-long check-kernel compat-report roots vm python
check: python
	selftests/vm/check

check-long: python
	LONG=1 selftests/vm/check

# KDIR= names a prepared kernel tree, KERNEL_IMAGE= what to boot.
check-kernel: python
	selftests/vm/check-kernel '$(KDIR)' '$(KERNEL_IMAGE)'

# What the headers of KDIR answer to compat/probes, beside what is expected.
compat-report: python
	selftests/vm/compat-report '$(KDIR)'

roots: python
	selftests/vm/roots

# KERNEL=5.10|6.1|6.12|newest; RUN='--files DIR -- command' goes to the runner.
KERNEL ?= 6.1
vm: python deb
	selftests/vm/run --kernel $(KERNEL) --package build/deb/mytun-dkms_*.deb $(RUN)

# mytun beside its peers, in instructions; doc/measuring.md says how to read it.
# KERNELS="6.1 newest", BENCH="receive", ROWS="mytun ring*", BASE=commit.
.PHONY: bench
bench: python
	selftests/vm/bench

# What copying packets costs, in instructions: KERNEL= as for vm.
.PHONY: bench-copy
bench-copy: python deb
	$(MAKE) -C tools/bench O=../../build/copy ../../build/copy/copy
	selftests/vm/run --kernel $(KERNEL) --icount \
		--package build/deb/mytun-dkms_*.deb --files build/copy -- \
		sh -c 'modprobe mytun && ./copy'

python:
	@test -x /usr/bin/python3 || { apt-get update -qq && \
		apt-get install -qq -y --no-install-recommends python3; }
