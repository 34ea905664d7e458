// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause

// Batch-echo sends UDP over IPv4 back to where it came from, many packets for
// one read and one write. Go's netpoller does the waiting: to it, the device is
// a file like any other.
//
//	go build batch-echo.go && ./batch-echo tun0
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// From <linux/if_tun.h> and <linux/mytun.h>.
const (
	tunSetIff    = 0x400454ca
	iffTun       = 0x0001
	iffNoPi      = 0x1000
	ioctlBatch   = 0x4010d701
	queueRead    = 0x4
	queueWrite   = 0x8
	recordHeader = 32
)

// A record's fields in the byte order of this machine; see Data for the rest.
type record struct {
	size, length  uint32
	offset, flags uint16
	hash          uint32
	mark          uint32
	priority      uint32
	queue         uint16
	_             uint16
	user          uint32
}

type interfaceRequest struct {
	name  [16]byte
	flags uint16
	_     [22]byte
}

type batchRequest struct {
	size, flags        uint32
	headRoom, tailRoom uint16
	_                  uint32
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request,
		uintptr(argument))
	if errno != 0 {
		return errno
	}
	return nil
}

// open returns a queue with batches, in the care of the netpoller: the device
// is attached before that, because an unattached file cannot be waited for.
func open(name string) (*os.File, error) {
	fd, err := syscall.Open("/dev/net/mytun",
		syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/mytun: %w", err)
	}
	device := interfaceRequest{flags: iffTun | iffNoPi}
	copy(device.name[:15], name)
	if err := ioctl(fd, tunSetIff, unsafe.Pointer(&device)); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	batch := batchRequest{size: 16, flags: queueRead | queueWrite}
	if err := ioctl(fd, ioctlBatch, unsafe.Pointer(&batch)); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("batches: %w", err)
	}
	return os.NewFile(uintptr(fd), "/dev/net/mytun"), nil
}

// turnRound exchanges addresses and ports; false: it is not UDP over IPv4.
func turnRound(ip []byte) bool {
	if len(ip) < 28 || ip[0] != 0x45 || ip[9] != syscall.IPPROTO_UDP {
		return false
	}
	source := binary.BigEndian.Uint32(ip[12:])
	copy(ip[12:16], ip[16:20])
	binary.BigEndian.PutUint32(ip[16:], source)
	port := binary.BigEndian.Uint16(ip[20:])
	copy(ip[20:22], ip[22:24])
	binary.BigEndian.PutUint16(ip[22:], port)
	return true
}

// answer turns a batch that was read into one to write, in place. A record
// without data is passed over.
func answer(batch []byte) {
	for at := 0; at < len(batch); {
		r := (*record)(unsafe.Pointer(&batch[at]))
		data := batch[at+int(r.offset):][:r.length]
		at += int(r.size)
		r.hash, r.mark, r.priority, r.queue = 0, 0, 0, 0
		if !turnRound(data) {
			r.length = 0
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: batch-echo INTERFACE")
		os.Exit(2)
	}
	queue, err := open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "batch-echo:", err)
		os.Exit(1)
	}
	batch := make([]byte, 1<<20)
	for {
		n, err := queue.Read(batch)
		if err == nil {
			answer(batch[:n])
			_, err = queue.Write(batch[:n])
		}
		if errors.Is(err, syscall.EIO) {
			continue // the interface is down
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "batch-echo:", err)
			os.Exit(1)
		}
	}
}
