// SPDX-License-Identifier: GPL-2.0
#include "bpf.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <arpa/inet.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>

#define R0	BPF_REG_0
#define R1	BPF_REG_1
#define R2	BPF_REG_2
#define R3	BPF_REG_3
#define R4	BPF_REG_4
#define R6	BPF_REG_6
#define R10	BPF_REG_10

#define INSN(op, dst, src, offset, value)				\
	((struct bpf_insn){ .code = (op), .dst_reg = (dst),		\
			    .src_reg = (src), .off = (offset),		\
			    .imm = (value) })
#define SET(dst, value)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define COPY(dst, src)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD(dst, value)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define LOAD(dst, src, offset) \
	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, offset, 0)
#define STORE(size, dst, offset, value) \
	INSN(BPF_ST | BPF_MEM | (size), dst, 0, offset, value)
#define CALL(function)	INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Over so many instructions. */
#define SKIP_EQUAL(dst, value, n) \
	INSN(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, n, value)
#define SKIP_NOT(dst, value, n)	INSN(BPF_JMP | BPF_JNE | BPF_K, dst, 0, n, value)
#define SKIP_ABOVE(dst, src, n)	INSN(BPF_JMP | BPF_JGT | BPF_X, dst, src, n, 0)
/* Two instructions. */
#define LOAD_MAP(dst, map)						\
	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, map), \
	INSN(0, 0, 0, 0, 0)

/* To an array's first value: nine instructions, after which R0 to R5 are lost. */
#define ADD_ONE(map)							\
	STORE(BPF_W, R10, -4, 0), COPY(R2, R10), ADD(R2, -4),		\
	LOAD_MAP(R1, map), CALL(BPF_FUNC_map_lookup_elem),		\
	SKIP_EQUAL(R0, 0, 2), SET(R1, 1),				\
	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, R0, R1, 0, BPF_ADD)

#define XDP_DATA	offsetof(struct xdp_md, data)
#define XDP_DATA_END	offsetof(struct xdp_md, data_end)
#define XDP_DATA_META	offsetof(struct xdp_md, data_meta)
#define XDP_QUEUE	offsetof(struct xdp_md, rx_queue_index)

static int load(enum bpf_prog_type type, const struct bpf_insn *insns,
		size_t size, uint32_t flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = flags);

	return bpf_prog_load(type, "mytun_test", "GPL", insns,
			     size / sizeof(*insns), &options);
}

#define LOAD_PROGRAM(type, insns) load(type, insns, sizeof(insns), 0)

void bpf_quiet(void)
{
	libbpf_set_print(NULL);
}

int xdp_return(int verdict)
{
	const struct bpf_insn insns[] = { SET(R0, verdict), EXIT };

	return LOAD_PROGRAM(BPF_PROG_TYPE_XDP, insns);
}

int xdp_count(int map, int verdict)
{
	const struct bpf_insn insns[] = {
		ADD_ONE(map),
		SET(R0, verdict),
		EXIT,
	};

	return LOAD_PROGRAM(BPF_PROG_TYPE_XDP, insns);
}

int xdp_move_head(int delta, int verdict)
{
	const struct bpf_insn pull[] = {
		SET(R2, delta),
		CALL(BPF_FUNC_xdp_adjust_head),
		SKIP_NOT(R0, 0, 2),
		SET(R0, verdict),
		EXIT,
		SET(R0, XDP_ABORTED),
		EXIT,
	};
	struct bpf_insn push[32] = {
		COPY(R6, R1),
		SET(R2, delta),
		CALL(BPF_FUNC_xdp_adjust_head),
		SKIP_EQUAL(R0, 0, 2),
		SET(R0, XDP_ABORTED),
		EXIT,
		LOAD(R2, R6, XDP_DATA),
		LOAD(R3, R6, XDP_DATA_END),
		COPY(R4, R2),
		ADD(R4, -delta),
		SET(R0, XDP_ABORTED),
		SKIP_ABOVE(R4, R3, 1 - delta),
	};
	int i, n = 12;

	if (delta >= 0)
		return LOAD_PROGRAM(BPF_PROG_TYPE_XDP, pull);
	if (n - delta + 2 > 32)
		return -EINVAL;
	for (i = 0; i < -delta; i++)
		push[n++] = STORE(BPF_B, R2, i, XDP_FILL);
	push[n++] = SET(R0, verdict);
	push[n++] = EXIT;
	return load(BPF_PROG_TYPE_XDP, push, n * sizeof(*push), 0);
}

int xdp_move_tail(int delta, int verdict)
{
	const struct bpf_insn insns[] = {
		SET(R2, delta),
		CALL(BPF_FUNC_xdp_adjust_tail),
		SKIP_NOT(R0, 0, 2),
		SET(R0, verdict),
		EXIT,
		SET(R0, XDP_ABORTED),
		EXIT,
	};

	return LOAD_PROGRAM(BPF_PROG_TYPE_XDP, insns);
}

int xdp_put_metadata(uint32_t value)
{
	const struct bpf_insn insns[] = {
		COPY(R6, R1),
		SET(R2, -4),
		CALL(BPF_FUNC_xdp_adjust_meta),
		SKIP_NOT(R0, 0, 8),
		LOAD(R2, R6, XDP_DATA_META),
		LOAD(R3, R6, XDP_DATA),
		COPY(R4, R2),
		ADD(R4, 4),
		SKIP_ABOVE(R4, R3, 3),
		STORE(BPF_W, R2, 0, value),
		SET(R0, XDP_PASS),
		EXIT,
		SET(R0, XDP_ABORTED),
		EXIT,
	};

	return LOAD_PROGRAM(BPF_PROG_TYPE_XDP, insns);
}

int xdp_by_queue(uint32_t queue, int verdict, int otherwise)
{
	const struct bpf_insn insns[] = {
		LOAD(R2, R1, XDP_QUEUE),
		SET(R0, otherwise),
		SKIP_NOT(R2, queue, 1),
		SET(R0, verdict),
		EXIT,
	};

	return LOAD_PROGRAM(BPF_PROG_TYPE_XDP, insns);
}

int xdp_redirect(int map, bool frags)
{
	const struct bpf_insn insns[] = {
		LOAD_MAP(R1, map),
		SET(R2, 0),
		SET(R3, 0),
		CALL(BPF_FUNC_redirect_map),
		EXIT,
	};

	return load(BPF_PROG_TYPE_XDP, insns, sizeof(insns),
		    frags ? BPF_F_XDP_HAS_FRAGS : 0);
}

int xdp_attach(int ifindex, int program, uint32_t flags)
{
	return bpf_xdp_attach(ifindex, program, flags ?: XDP_FLAGS_DRV_MODE,
			      NULL);
}

int xdp_attached(int ifindex, uint32_t *id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, options);
	int err = bpf_xdp_query(ifindex, XDP_FLAGS_DRV_MODE, &options);

	*id = options.drv_prog_id;
	/* Before 4.19 a device has one program, and one attribute tells it. */
	if (!*id && options.attach_mode == XDP_ATTACHED_DRV)
		*id = options.prog_id;
	return err;
}

bool kernel_has_enum(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has;

	if (!btf)
		return false;
	has = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM) > 0;
	btf__free(btf);
	return has;
}

int tc_count_metadata(int map, uint32_t value)
{
	const struct bpf_insn insns[] = {
		LOAD(R2, R1, offsetof(struct __sk_buff, data_meta)),
		LOAD(R3, R1, offsetof(struct __sk_buff, data)),
		COPY(R4, R2),
		ADD(R4, 4),
		SKIP_ABOVE(R4, R3, 11),
		LOAD(R4, R2, 0),
		SKIP_NOT(R4, value, 9),
		ADD_ONE(map),
		SET(R0, TC_ACT_OK),
		EXIT,
	};

	return LOAD_PROGRAM(BPF_PROG_TYPE_SCHED_CLS, insns);
}

int tc_drop_protocol(int map, uint16_t protocol)
{
	const struct bpf_insn insns[] = {
		LOAD(R2, R1, offsetof(struct __sk_buff, protocol)),
		SET(R0, TC_ACT_OK),
		SKIP_NOT(R2, htons(protocol), 10),
		ADD_ONE(map),
		SET(R0, TC_ACT_SHOT),
		EXIT,
	};

	return LOAD_PROGRAM(BPF_PROG_TYPE_SCHED_CLS, insns);
}

int tc_attach(int ifindex, int program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program);
	int err;

	libbpf_set_print(NULL);
	err = bpf_tc_hook_create(&hook);
	return err ?: bpf_tc_attach(&hook, &options);
}

int filter_return(int32_t value)
{
	const struct bpf_insn insns[] = { SET(R0, value), EXIT };

	return LOAD_PROGRAM(BPF_PROG_TYPE_SOCKET_FILTER, insns);
}

int filter_byte(int32_t offset)
{
	const struct bpf_insn insns[] = {
		COPY(R6, R1),
		INSN(BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, offset),
		EXIT,
	};

	return LOAD_PROGRAM(BPF_PROG_TYPE_SOCKET_FILTER, insns);
}

int devmap_new(int ifindex)
{
	uint32_t key = 0, value = ifindex;
	int map, err;

	map = bpf_map_create(BPF_MAP_TYPE_DEVMAP, "mytun_test", sizeof(key),
			     sizeof(value), 1, NULL);
	if (map < 0)
		return map;
	err = bpf_map_update_elem(map, &key, &value, 0);
	return err ?: map;
}

int array_new(void)
{
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "mytun_test",
			      sizeof(uint32_t), sizeof(uint64_t), 1, NULL);
}

uint64_t array_get(int map)
{
	uint64_t value = 0;
	uint32_t key = 0;

	bpf_map_lookup_elem(map, &key, &value);
	return value;
}
