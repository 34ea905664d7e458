/* SPDX-License-Identifier: GPL-2.0 */
/* Iterators over memory. */
#ifndef _MYTUN_COMPAT_LINUX_UIO_H
#define _MYTUN_COMPAT_LINUX_UIO_H

#include_next <linux/uio.h>
#include <linux/bvec.h>

/*
 * One piece of pages that follow each other. Until 4.20, aa563d7bca6e, the
 * direction had to name the kind as well, in bits of their own: ITER_BVEC was 4
 * then and never since.
 */
static inline void mytun_iov_iter_bvec(struct iov_iter *iter,
				       unsigned int direction,
				       const struct bio_vec *vec, size_t len)
{
	iov_iter_bvec(iter, direction | (ITER_BVEC == 4 ? 4 : 0), vec, 1, len);
}

#endif /* _MYTUN_COMPAT_LINUX_UIO_H */
