// SPDX-License-Identifier: GPL-2.0
/* Fault injection by debugfs and /proc, and what failed by a trace. */
#include "device.h"
#include "inject.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <gelf.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MODULE		"mytun"
#define DEBUGFS		"/sys/kernel/debug"
#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	TRACEFS "/instances/mytun_inject"
#define EVENT		"mytun_inject"
/* Where each kind of fault is decided. */
#define DECIDES		"should_fail_ex"
/* What the stack does with a packet that it is given is its own affair. */
#define STACK		"netif_receive_skb"
/* There is no injection in the allocator of per-CPU memory. */
#define PERCPU		"mytun_stats_alloc"
#define PERCPU_CALLEE	"pcpu_alloc_noprof"
#define OWNERS		DEBUGFS "/page_owner_stacks/show_stacks"
#define KMEMLEAK	DEBUGFS "/kmemleak"
/* Objects younger than this are not said to be leaks. */
#define LEAK_MS		6000

static const char * const kinds[] = { "failslab", "fail_page_alloc" };

/* 0 or -errno, for a file of each kind; a kind may lack it, if it is optional. */
static int set(const char *file, const char *text, bool optional)
{
	char path[128];
	unsigned int i;
	int err;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(path, sizeof(path), DEBUGFS "/%s/%s", kinds[i], file);
		if (optional && access(path, F_OK))
			continue;
		err = file_write(path, text);
		if (err)
			return err;
	}
	return 0;
}

static int set_address(const char *file, unsigned long address)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%lx", address);
	return set(file, text, false);
}

/* A symbol of the kernel, and the one that follows it. 0 or -ENOENT. */
static int find_symbol(const char *wanted, unsigned long *start,
		       unsigned long *end)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long address;
	char line[512], name[256];

	*start = 0;
	*end = 0;
	if (!file)
		return -ENOENT;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx %*c %255s", &address, name) != 2)
			continue;
		if (*start && address > *start) {
			*end = address;
			break;
		}
		if (!strcmp(name, wanted))
			*start = address;
	}
	fclose(file);
	return *end ? 0 : -ENOENT;
}

/* What gives memory out, among what the driver calls. */
static bool allocates(const char *name)
{
	static const char * const parts[] = {
		"alloc", "memdup", "vmap", "build_skb", "_pull_tail",
		"page_frag_refill", "kthread_create", "fasync_helper",
		"bpf_prog_create", "skb_copy", "skb_clone", "skb_expand",
		"vlan_insert", "remap_", "register_netdevice", "kstrdup",
	};
	/*
	 * They free or copy, or are the tracer's, or a security module's, or
	 * ask for memory with __GFP_NOFAIL.
	 */
	static const char * const not[] = {
		"free", "vunmap", "unregister", "notifier", "skb_copy_bits",
		"skb_copy_datagram", "perf_", "security_", "ref_tracker",
	};
	unsigned int i;

	for (i = 0; i < sizeof(not) / sizeof(*not); i++)
		if (strstr(name, not[i]))
			return false;
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

struct object {
	Elf *elf;
	Elf_Data *symbols;
	size_t nsymbols;
	size_t names;		/* the section with their names */
};

/* The function around an offset in a section, or NULL. */
static const char *function_at(const struct object *o, size_t section,
			       unsigned long at, unsigned long *offset)
{
	GElf_Sym sym;
	size_t i;

	for (i = 0; i < o->nsymbols; i++) {
		if (!gelf_getsym(o->symbols, i, &sym) ||
		    GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
		    sym.st_shndx != section || at < sym.st_value ||
		    at >= sym.st_value + sym.st_size)
			continue;
		*offset = at - sym.st_value;
		return elf_strptr(o->elf, o->names, sym.st_name);
	}
	return NULL;
}

static struct inject_site *add_site(struct inject *inject, const char *function,
				    unsigned long offset, const char *callee)
{
	struct inject_site *site;

	if (inject->nsites == INJECT_SITES)
		return NULL;
	site = &inject->sites[inject->nsites++];
	snprintf(site->function, sizeof(site->function), "%s", function);
	snprintf(site->callee, sizeof(site->callee), "%s", callee);
	site->offset = offset;
	site->known = false;
	site->failed = 0;
	return site;
}

/* The calls in a section of code, by what the module's loader has to patch. */
static void read_calls(struct inject *inject, const struct object *o,
		       Elf_Scn *section, const GElf_Shdr *head)
{
	Elf_Data *data = elf_getdata(section, NULL);
	Elf_Data *code = elf_getdata(elf_getscn(o->elf, head->sh_info), NULL);
	size_t i, n = head->sh_size / head->sh_entsize;

	for (i = 0; i < n; i++) {
		const char *callee, *function;
		struct inject_site *site;
		unsigned long offset;
		GElf_Rela rela;
		GElf_Sym sym;

		if (!gelf_getrela(data, i, &rela) ||
		    !gelf_getsym(o->symbols, GELF_R_SYM(rela.r_info), &sym) ||
		    sym.st_shndx != SHN_UNDEF)
			continue;
		callee = elf_strptr(o->elf, o->names, sym.st_name);
		/* A call, not an address that is taken. */
		if (!allocates(callee) || !rela.r_offset ||
		    ((uint8_t *)code->d_buf)[rela.r_offset - 1] != 0xe8)
			continue;
		function = function_at(o, head->sh_info, rela.r_offset + 4,
				       &offset);
		if (!function)
			continue;
		site = add_site(inject, function, offset, callee);
		if (site)
			site->known = true;
	}
}

/* Sections of code that stay, and the calls in them. 0 or -errno. */
static int read_module(struct inject *inject, int fd)
{
	struct object o = { .elf = elf_begin(fd, ELF_C_READ_MMAP, NULL) };
	unsigned long start;
	char path[128], text[32];
	Elf_Scn *section = NULL;
	const char *name;
	GElf_Shdr head;
	size_t strings;

	if (!o.elf || elf_getshdrstrndx(o.elf, &strings))
		return -ENOEXEC;
	while ((section = elf_nextscn(o.elf, section))) {
		if (!gelf_getshdr(section, &head) ||
		    head.sh_type != SHT_SYMTAB)
			continue;
		o.symbols = elf_getdata(section, NULL);
		o.nsymbols = head.sh_size / head.sh_entsize;
		o.names = head.sh_link;
	}
	if (!o.symbols)
		return -ENOEXEC;
	while ((section = elf_nextscn(o.elf, section))) {
		if (!gelf_getshdr(section, &head))
			continue;
		name = elf_strptr(o.elf, strings, head.sh_name);
		if (!name)
			continue;
		/* What is there while the module is loaded, or leaves. */
		if (strstr(name, ".init") || strstr(name, ".exit"))
			continue;
		if (head.sh_type == SHT_RELA && !strncmp(name, ".rela.text", 10))
			read_calls(inject, &o, section, &head);
		if (!(head.sh_flags & SHF_EXECINSTR))
			continue;
		snprintf(path, sizeof(path), "/sys/module/" MODULE
			 "/sections/%s", name);
		if (file_read(path, text, sizeof(text)))
			continue;
		start = strtoul(text, NULL, 0);
		if (!inject->sections || start < inject->sections)
			inject->sections = start;
		if (start + head.sh_size > inject->sections_end)
			inject->sections_end = start + head.sh_size;
	}
	elf_end(o.elf);
	return inject->sections ? 0 : -ENOENT;
}

static int find_module(struct inject *inject)
{
	char path[256] = "";
	int fd, err;
	FILE *file;

	file = popen("modinfo -n " MODULE " 2>/dev/null", "re");
	if (!file)
		return -errno;
	if (fgets(path, sizeof(path), file))
		path[strcspn(path, "\n")] = '\0';
	pclose(file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	err = read_module(inject, fd);
	close(fd);
	return err;
}

/* An event for each fault, with the stack that led to it. */
static int trace_begin(void)
{
	int err;

	/* What a test left that was ended. */
	rmdir(INSTANCE);
	file_write(TRACEFS "/kprobe_events", "-:" EVENT);
	err = file_write(TRACEFS "/kprobe_events",
			 "r:" EVENT " " DECIDES " failed=$retval:u8");
	if (err)
		return err;
	if (mkdir(INSTANCE, 0700))
		return -errno;
	return file_write(INSTANCE "/buffer_size_kb", "2048") ?:
	       file_write(INSTANCE "/options/stacktrace", "1") ?:
	       file_write(INSTANCE "/options/sym-offset", "1") ?:
	       file_write(INSTANCE "/events/kprobes/" EVENT "/filter",
			  "failed == 1") ?:
	       file_write(INSTANCE "/events/kprobes/" EVENT "/enable", "1");
}

/* Copies from and to user space, which can fail too, are left alone. */
static int leave_copies(void)
{
	static const char directory[] = DEBUGFS "/fail_usercopy/";
	static const char * const files[][2] = {
		{ "stacktrace-depth", "1" },
		{ "require-start", "1" },
		{ "require-end", "2" },
	};
	char path[128];
	unsigned int i;
	int err = 0;

	if (access(directory, F_OK))
		return 0;
	for (i = 0; i < sizeof(files) / sizeof(*files) && !err; i++) {
		snprintf(path, sizeof(path), "%s%s", directory, files[i][0]);
		err = file_write(path, files[i][1]);
	}
	return err;
}

/* All that allocates for the driver, softirqs included, but not the stack. */
static int filter_begin(const struct inject *inject)
{
	unsigned long start, end;

	return leave_copies() ?: find_symbol(STACK, &start, &end) ?:
	       set("verbose", "0", false) ?:
	       set("times", "-1", false) ?:
	       set("task-filter", "N", false) ?:
	       set("ignore-gfp-wait", "N", true) ?:
	       set("ignore-gfp-highmem", "N", true) ?:
	       set("min-order", "0", true) ?:
	       set("stacktrace-depth", "32", false) ?:
	       set_address("require-start", inject->sections) ?:
	       set_address("require-end", inject->sections_end) ?:
	       set_address("reject-start", start) ?:
	       set_address("reject-end", end);
}

const char *inject_begin(struct inject *inject)
{
	if (mount("debugfs", DEBUGFS, "debugfs", 0, NULL))
		return "no debugfs";
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		return "no tracefs";
	inject->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (inject->nth < 0 || access(DEBUGFS "/failslab", F_OK) ||
	    access(DEBUGFS "/fail_page_alloc", F_OK))
		return "a kernel without fault injection";
	if (access(DEBUGFS "/failslab/stacktrace-depth", F_OK))
		return "fault injection cannot be confined to the driver";
	if (!inject->nsites && find_module(inject))
		return "the module's file, or its sections, cannot be read";
	if (filter_begin(inject))
		return "fault injection cannot be set up";
	if (trace_begin())
		return "no kprobe events";
	return NULL;
}

void inject_end(struct inject *inject)
{
	inject_rate(0);
	file_write(DEBUGFS "/fail_function/inject", " ");
	file_write(INSTANCE "/events/enable", "0");
	rmdir(INSTANCE);
	file_write(TRACEFS "/kprobe_events", "-:" EVENT);
	close(inject->nth);
}

int inject_arm(struct inject *inject, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(inject->nth, text, len, 0) == len ? 0 : -errno;
}

bool inject_disarm(struct inject *inject)
{
	char text[16] = "";

	/* What is left to count is 0 once it has failed. */
	if (pread(inject->nth, text, sizeof(text) - 1, 0) <= 0)
		return false;
	inject_arm(inject, 0);
	return !strtoul(text, NULL, 0);
}

int inject_percpu_arm(void)
{
	static const char directory[] = DEBUGFS "/fail_function";
	char path[128];
	int err;

	snprintf(path, sizeof(path), "%s/inject", directory);
	file_write(path, " ");
	err = file_write(path, PERCPU);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%s/retval", directory, PERCPU);
	return file_write(path, "0") ?:
	       file_write(DEBUGFS "/fail_function/verbose", "0") ?:
	       file_write(DEBUGFS "/fail_function/interval", "1") ?:
	       file_write(DEBUGFS "/fail_function/times", "1") ?:
	       file_write(DEBUGFS "/fail_function/probability", "100");
}

bool inject_percpu_disarm(struct inject *inject)
{
	char text[16] = "";
	unsigned int i;

	file_read(DEBUGFS "/fail_function/times", text, sizeof(text));
	file_write(DEBUGFS "/fail_function/probability", "0");
	file_write(DEBUGFS "/fail_function/inject", " ");
	if (strcmp(text, "0"))
		return false;
	for (i = 0; i < inject->nsites; i++)
		if (!strcmp(inject->sites[i].callee, PERCPU_CALLEE))
			inject->sites[i].failed++;
	return true;
}

int inject_rate(unsigned int percent)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", percent);
	return set("probability", text, false);
}

/* What is read from a trace stays, unless it is opened to be cut. */
static int empty_trace(void)
{
	int fd = open(INSTANCE "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void count(struct inject *inject, const char *function,
		  unsigned long offset, const char *callee)
{
	struct inject_site *site = NULL;
	unsigned int i;

	for (i = 0; i < inject->nsites && !site; i++)
		if (inject->sites[i].offset == offset &&
		    !strcmp(inject->sites[i].function, function))
			site = &inject->sites[i];
	if (!site)
		site = add_site(inject, function, offset, callee);
	if (site)
		site->failed++;
	inject->last = site;
}

/* " => name+0x1c/0x2d0 [module]": the name's length, and the offset. */
static size_t parse_frame(const char *line, const char **name,
			  unsigned long *offset, bool *ours)
{
	const char *plus;

	*name = line + strspn(line, " =>");
	plus = strchr(*name, '+');
	if (!plus)
		return 0;
	*offset = strtoul(plus + 1, NULL, 16);
	*ours = strstr(plus, "[" MODULE "]");
	return plus - *name;
}

int inject_collect(struct inject *inject)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	char line[512], below[64] = "", function[64];
	bool ours, found = false;
	unsigned long offset;
	const char *name;
	int faults = 0, err;
	size_t len;

	if (!file)
		return -errno;
	inject->last = NULL;
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, "<stack trace>")) {
			faults++;
			found = false;
			below[0] = '\0';
			continue;
		}
		if (strncmp(line, " => ", 4) || found)
			continue;
		len = parse_frame(line, &name, &offset, &ours);
		if (!len)
			continue;
		snprintf(ours ? function : below, sizeof(below), "%.*s",
			 (int)len, name);
		if (ours) {
			found = true;
			count(inject, function, offset, below);
		}
	}
	fclose(file);
	err = empty_trace();
	return err ? err : faults;
}

/* What stands between who wants a page and where page_owner looks. */
static bool gives_pages(const char *frame)
{
	static const char * const parts[] = {
		"post_alloc_hook", "prep_new_page", "get_page_from_freelist",
		"alloc_pages", "alloc_frozen_pages", "skb_page_frag_refill",
		"page_owner", "save_stack",
	};
	unsigned int i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strstr(frame, parts[i]))
			return true;
	return false;
}

long inject_pages(bool tell)
{
	char line[256], caller[128] = "";
	FILE *file = fopen(OWNERS, "re");
	bool direct = true;
	long pages = 0, n;

	if (!file)
		return -errno;
	/* A stack, innermost frame first, then its pages, then a line without. */
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "nr_base_pages: %ld", &n) == 1) {
			if (direct && *caller) {
				if (tell)
					printf("# %ld pages of %s\n", n, caller);
				pages += n;
			}
			direct = true;
			*caller = '\0';
		} else if (direct && !*caller && line[0] == ' ') {
			if (strstr(line, "[" MODULE "]"))
				snprintf(caller, sizeof(caller), "%.*s",
					 (int)strcspn(line + 1, "\n"), line + 1);
			else
				direct = gives_pages(line);
		}
	}
	fclose(file);
	return pages;
}

int inject_leaks(void)
{
	char line[256], object[8192] = "";
	bool ours = false, more = true;
	int found = 0;
	FILE *file;

	/* What changes hands during the first look is seen by the second. */
	if (file_write(KMEMLEAK, "scan"))
		return -ENOENT;
	sleep_ms(LEAK_MS);
	file_write(KMEMLEAK, "scan");
	file = fopen(KMEMLEAK, "re");
	if (!file)
		return -errno;
	while (more) {
		more = fgets(line, sizeof(line), file);
		if (!more || !strncmp(line, "unreferenced", 12)) {
			if (ours) {
				printf("# %s\n", object);
				found++;
			}
			object[0] = '\0';
			ours = false;
		}
		ours |= more && strstr(line, "[" MODULE "]");
		if (more && strlen(object) + strlen(line) < sizeof(object))
			strcat(object, line);
	}
	fclose(file);
	return found;
}
