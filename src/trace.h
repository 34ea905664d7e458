/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: flows that are learned or move, queues that stop and start, and
 * packets that are lost. `perf list 'mytun:*'`, or events/mytun in tracefs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mytun

#if !defined(_MYTUN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MYTUN_TRACE_H

#include <linux/netdevice.h>
#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(mytun_flow,
		    TP_PROTO(const struct net_device *dev, u16 queue, u32 hash),
		    TP_ARGS(dev, queue, hash),
		    TP_STRUCT__entry(
			    __array(char, name, IFNAMSIZ)
			    __field(int, ifindex)
			    __field(u16, queue)
			    __field(u32, hash)
		    ),
		    TP_fast_assign(
			    memcpy(__entry->name, dev->name, IFNAMSIZ);
			    __entry->ifindex = dev->ifindex;
			    __entry->queue = queue;
			    __entry->hash = hash;
		    ),
		    TP_printk("dev=%s ifindex=%d queue=%u hash=%#x", __entry->name,
			      __entry->ifindex, __entry->queue, __entry->hash)
);

/* A flow was entered for the queue that it was written to. */
DEFINE_EVENT(mytun_flow, learn,
	     TP_PROTO(const struct net_device *dev, u16 queue, u32 hash),
	     TP_ARGS(dev, queue, hash)
);

/* A flow was written to another queue than before, and follows it. */
DEFINE_EVENT(mytun_flow, move,
	     TP_PROTO(const struct net_device *dev, u16 queue, u32 hash),
	     TP_ARGS(dev, queue, hash)
);

DECLARE_EVENT_CLASS(mytun_queue,
		    TP_PROTO(const struct net_device *dev, u16 queue),
		    TP_ARGS(dev, queue),
		    TP_STRUCT__entry(
			    __array(char, name, IFNAMSIZ)
			    __field(int, ifindex)
			    __field(u16, queue)
		    ),
		    TP_fast_assign(
			    memcpy(__entry->name, dev->name, IFNAMSIZ);
			    __entry->ifindex = dev->ifindex;
			    __entry->queue = queue;
		    ),
		    TP_printk("dev=%s ifindex=%d queue=%u", __entry->name,
			      __entry->ifindex, __entry->queue)
);

/* Backpressure: a full queue stops, so that its qdisc keeps the packets. */
DEFINE_EVENT(mytun_queue, stop,
	     TP_PROTO(const struct net_device *dev, u16 queue),
	     TP_ARGS(dev, queue)
);

/* It goes on, since its reader has made room. */
DEFINE_EVENT(mytun_queue, wake,
	     TP_PROTO(const struct net_device *dev, u16 queue),
	     TP_ARGS(dev, queue)
);

/* A packet was lost; queue is -1 where it had none. */
TRACE_EVENT(drop,
	    TP_PROTO(const struct net_device *dev, int queue, u32 len,
		     const char *reason),
	    TP_ARGS(dev, queue, len, reason),
	    TP_STRUCT__entry(
		    __array(char, name, IFNAMSIZ)
		    __field(int, ifindex)
		    __field(int, queue)
		    __field(u32, len)
		    __array(char, reason, 32)
	    ),
	    TP_fast_assign(
		    memcpy(__entry->name, dev->name, IFNAMSIZ);
		    __entry->ifindex = dev->ifindex;
		    __entry->queue = queue;
		    __entry->len = len;
		    strscpy(__entry->reason, reason, sizeof(__entry->reason));
	    ),
	    TP_printk("dev=%s ifindex=%d queue=%d len=%u reason=%s", __entry->name,
		      __entry->ifindex, __entry->queue, __entry->len,
		      __entry->reason)
);

#endif /* _MYTUN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
