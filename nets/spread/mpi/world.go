//go:build mpi && cgo

package mpi

// CC=mpicc says where MPI is. Lines of #cgo would not: the build cache takes one such line for another
// (https://go.dev/issue/73033), and a build for one MPI is linked with the other.

// #include "link.h"
// #include <stdlib.h>
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"hebb/nets/spread"
)

// slice is how long MPI's thread polls before it looks at the time and at who wants to end.
const slice = 10 * time.Millisecond

// longest is how many bytes a message has at most. MPI counts them in an int, and each that ends, over a slow link too,
// shows that its rank is well. Tests make it small.
var longest = 1 << 24

// world is the processes of MPI_COMM_WORLD.
type world struct {
	rank, size int
	hosts      []string
	patience   time.Duration
	err        error // the first
	closed     atomic.Bool

	calls     chan func() error // to the goroutine whose thread is MPI's
	results   chan error
	moving    func() error     // w.move, of send and receive
	send, get [][]byte         // by rank
	pins      []runtime.Pinner // by rank: one holds two slices without growing
	done      C.int
	trouble   C.struct_hebb_fault
	code      atomic.Int64 // other than 0: MPI's thread is to end all processes with it
}

// opened is the world of this process: MPI begins once.
var opened atomic.Pointer[world]

// Open returns the world of the processes that mpirun, srun or another launcher has started with this one. Where none did
// it is of this process alone. Where none of the messages that a rank waits for ends for as long as patience, from 1 ms, it
// returns an error that names a rank that it waits for.
//
// A launcher that says it has started more processes than MPI sees belongs to another MPI than this program: an error. MPI
// begins once in a process, so a second Open is an error too. A program that ends by an error calls [Exit].
func Open(patience time.Duration) (spread.World, error) {
	if patience < time.Millisecond {
		return nil, fmt.Errorf("mpi: patience of %v, want from 1ms", patience)
	}
	launched, variable, err := Launched()
	if err != nil {
		return nil, fmt.Errorf("mpi: %w", err)
	}
	w := &world{patience: patience, calls: make(chan func() error), results: make(chan error, 1)}
	if !opened.CompareAndSwap(nil, w) {
		return nil, errors.New("mpi: opened a second time; MPI begins once in a process")
	}
	w.moving = w.move
	go w.serve()
	if err := w.together("begun", w.begin); err != nil {
		return nil, err
	}
	if launched > 0 && launched != w.size {
		library, _ := Library()
		return nil, fmt.Errorf("mpi: %s says that %d processes were started, and MPI (%s) sees %d: the launcher is of "+
			"another MPI; start this program by the mpirun of its own, or build it with the mpicc of the launcher's (and go build -a)",
			variable, launched, library, w.size)
	}
	if err := w.meet(); err != nil {
		return nil, err
	}
	return w, nil
}

// Library returns the name and version of the MPI that this program is linked with.
func Library() (string, error) {
	text := (*C.char)(C.malloc(C.HEBB_MPI_TEXT))
	defer C.free(unsafe.Pointer(text))
	C.hebb_mpi_library(text)
	name, _, _ := strings.Cut(C.GoString(text), "\n") // MPICH goes on with how it was built
	name, _, _ = strings.Cut(name, ",")               // and so does Open MPI
	return strings.Join(strings.Fields(name), " "), nil
}

// Exit ends this process with the code. A code other than 0 ends all processes of an open world.
func Exit(code int) {
	if w := opened.Load(); w != nil && code != 0 && !w.closed.Load() {
		time.Sleep(100 * time.Millisecond) // launchers end all at once, and what was just written has to reach them first
		w.code.Store(int64(code))
		select {
		case w.calls <- func() error { C.hebb_mpi_abort(C.int(code)); return nil }:
			<-w.results
		case <-time.After(time.Second): // MPI's thread looks at w.code; if it hangs in MPI, this process ends alone
		}
	}
	os.Exit(code)
}

// serve makes MPI's calls, all from one thread.
func (w *world) serve() {
	runtime.LockOSThread()
	for f := range w.calls {
		w.results <- f()
	}
}

func (w *world) call(f func() error) error {
	w.calls <- f
	return <-w.results
}

// together is call, of what waits in MPI until all ranks do it.
func (w *world) together(what string, f func() error) error {
	w.calls <- f
	select {
	case err := <-w.results:
		return err
	case <-time.After(w.patience):
		return fmt.Errorf("mpi: not all ranks have %s within %v", what, w.patience)
	}
}

func (w *world) begin() error {
	if C.hebb_mpi_mixed() != 0 {
		library, _ := Library()
		return fmt.Errorf("mpi: this program was compiled for another MPI than %s, which it is linked with: "+
			"build it again with go build -a", library)
	}
	var rank, size C.int
	if code := C.hebb_mpi_open(&rank, &size); code != 0 {
		return fmt.Errorf("mpi: begin: %s", message(code))
	}
	w.rank, w.size = int(rank), int(size)
	return nil
}

// meet learns where the ranks are.
func (w *world) meet() error {
	w.send, w.get, w.pins = make([][]byte, w.size), make([][]byte, w.size), make([]runtime.Pinner, w.size)
	w.hosts = make([]string, w.size)
	for r := range w.hosts {
		w.hosts[r] = "an unknown host"
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	all, err := w.Share([]byte(host))
	for r, h := range all {
		w.hosts[r] = string(h)
	}
	return err
}

func (w *world) Rank() int         { return w.rank }
func (w *world) Size() int         { return w.size }
func (w *world) Host(r int) string { return w.hosts[r] }

func (w *world) Exchange(send, receive [][]float32) error {
	if err := spread.CheckExchange(w.size, send, receive); err != nil {
		return err
	}
	for r := range w.size {
		w.send[r], w.get[r] = bytesOf(send[r]), bytesOf(receive[r])
	}
	return w.moved()
}

func (w *world) Share(mine []byte) ([][]byte, error) {
	lengths := make([]byte, 8*w.size)
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(mine)))
	for r := range w.size {
		w.send[r], w.get[r] = length, lengths[8*r:8*r+8]
	}
	if err := w.moved(); err != nil {
		return nil, err
	}
	all := make([][]byte, w.size)
	for r := range all {
		if r != w.rank {
			all[r] = make([]byte, binary.LittleEndian.Uint64(lengths[8*r:]))
		}
		w.send[r], w.get[r] = mine, all[r]
	}
	if err := w.moved(); err != nil {
		return nil, err
	}
	all[w.rank] = append([]byte{}, mine...)
	return all, nil
}

func (w *world) Close() error {
	if w.closed.Load() || w.err != nil {
		return nil // ranks that still wait for this one, or for which it waited, would hold up the end
	}
	w.closed.Store(true)
	return w.together("ended", func() error {
		if code := C.hebb_mpi_close(); code != 0 {
			return fmt.Errorf("mpi: end: %s", message(code))
		}
		return nil
	})
}

// moved has MPI's thread move send and get.
func (w *world) moved() error {
	if w.closed.Load() {
		return errors.New("mpi: the world is closed")
	}
	if w.err == nil {
		w.err = w.call(w.moving)
	}
	return w.err
}

// move receives what is to come, and sends: to the ranks after this one first, so that not all begin with the same.
func (w *world) move() error {
	for i := 1; i < w.size; i++ {
		r := (w.rank + w.size - i) % w.size
		if err := w.post(r, w.get[r], 0); err != nil {
			return err
		}
	}
	for i := 1; i < w.size; i++ {
		r := (w.rank + i) % w.size
		if err := w.post(r, w.send[r], 1); err != nil {
			return err
		}
	}
	err := w.wait()
	if err != nil {
		return err // MPI may still write to what is pinned
	}
	for r := range w.pins {
		w.pins[r].Unpin()
	}
	return nil
}

// post begins to send or to receive.
func (w *world) post(r int, b []byte, sends C.int) error {
	if len(b) > 0 {
		w.pins[r].Pin(unsafe.SliceData(b))
	}
	for len(b) > 0 {
		n := min(len(b), longest)
		if C.hebb_mpi_post(unsafe.Pointer(unsafe.SliceData(b)), C.int(n), C.int(r), sends, &w.trouble) != 0 {
			return w.fault()
		}
		b = b[n:]
	}
	return nil
}

// wait polls until all that was posted is done, or nothing was for as long as patience.
func (w *world) wait() error {
	quiet := time.Now()
	for {
		w.done = 0
		open := C.hebb_mpi_poll(C.double(min(slice, w.patience).Seconds()), &w.done, &w.trouble)
		switch code := w.code.Load(); {
		case code != 0:
			C.hebb_mpi_abort(C.int(code))
		case open < 0:
			return w.fault()
		case open == 0:
			return nil
		case w.done > 0:
			quiet = time.Now()
		case time.Since(quiet) > w.patience:
			return w.late(int(C.hebb_mpi_waits()))
		}
	}
}

func (w *world) late(r int) error {
	return &spread.RankError{Rank: r, Host: w.hosts[r], What: fmt.Sprintf("did not answer within %v", w.patience)}
}

// fault is the error that the trouble makes.
func (w *world) fault() error {
	f := w.trouble
	switch r := int(f.rank); {
	case r < 0:
		return fmt.Errorf("mpi: %s", message(f.code))
	case f.code == 0:
		return &spread.RankError{Rank: r, Host: w.hosts[r], What: fmt.Sprintf("sent %d bytes, want %d", f.got, f.want)}
	default:
		return &spread.RankError{Rank: r, Host: w.hosts[r], What: "does not answer: " + message(f.code)}
	}
}

// message is MPI's text for its error code.
func message(code C.int) string {
	text := (*C.char)(C.malloc(C.HEBB_MPI_TEXT))
	defer C.free(unsafe.Pointer(text))
	C.hebb_mpi_error(code, text)
	return C.GoString(text)
}

func bytesOf(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}
