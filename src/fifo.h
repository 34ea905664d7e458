/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packets that wait for read(): a ptr_ring, whose producers are senders and
 * whose consumers are readers.
 */
#ifndef _MYTUN_FIFO_H
#define _MYTUN_FIFO_H

#include "mytun.h"

/* Nobody puts and nobody takes meanwhile. Context: softirqs on. */
void mytun_fifo_lock(struct mytun_queue *q);
void mytun_fifo_unlock(struct mytun_queue *q);

/**
 * mytun_fifo_resize - how many packets may wait
 * @queues: at each of these queues
 * @n: how many queues
 * @size: packets
 * @lost: how many of those that wait had no room, and were freed: to be counted
 *
 * Context: rtnl, so that nobody else changes the size; sleeps.
 * Return: 0, or -ENOMEM: nothing has changed.
 */
int mytun_fifo_resize(struct mytun_queue **queues, unsigned int n,
		      unsigned int size, unsigned int *lost);

#endif /* _MYTUN_FIFO_H */
