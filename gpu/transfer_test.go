//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// unmap makes b behave as with a driver that does not map memory persistently. It must not have been used.
func unmap(b *backend) {
	b.wait(func() error {
		b.state.remove(b.uniform.id)
		b.maps = false
		b.uniform.init(nil)
		return nil
	})
}

// hasten makes b behave as on a machine with many processors.
func hasten(b *backend) { b.wait(func() error { b.keen = true; return nil }) }

// plain are the ways in which a backend may move numbers and arguments, as far as possible here.
var plain = []struct {
	name string
	set  func(*backend)
}{{"mapped", func(*backend) {}}, {"by call", unmap}, {"mapped, many processors", hasten}}

// TestTransfers: reads find the results of writes and ops, whatever their sizes and order, and however often the rings
// go round.
func TestTransfers(t *testing.T) {
	for _, way := range plain {
		t.Run(way.name, func(t *testing.T) {
			b := opened(t)
			defer b.Close()
			if way.set(b); way.name == "mapped" && !b.maps {
				t.Skip("this driver does not map memory for good")
			}
			const n = 3*stagePart + 5
			buf, err := b.Alloc(n)
			other, err2 := b.Alloc(n)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			r := rand.New(rand.NewPCG(1, 0))
			want, got := make([]float32, n), make([]float32, n)
			check := func(off, size int) {
				t.Helper()
				must.Do(t, buf.Read(off, got[:size]))
				for i, x := range got[:size] {
					if x != want[off+i] {
						t.Fatalf("number %d, the %dth read, is %g, want %g", off+i, i, x, want[off+i])
					}
				}
			}
			write := func(off, size int) {
				t.Helper()
				src := make([]float32, size)
				for i := range src {
					src[i] = r.Float32()
				}
				copy(want[off:], src)
				must.Do(t, buf.Write(off, src))
				clear(src) // it has been copied
			}
			write(0, n)
			check(0, n)
			for i := range 400 {
				size := 1 + r.IntN(1<<(1+i%21))
				size = min(size, n)
				off := r.IntN(n - size + 1)
				if i%50 == 49 { // much at once, so that every part is in use
					for range 3 {
						write(0, n)
					}
				}
				write(off, size)
				if i%5 == 0 {
					check(off, size)
				}
				other.Write(0, want[:1])
			}
			check(0, n)
		})
	}
}

// TestArgsRing: a queue of dispatches longer than there are slots, each with arguments of its own.
func TestArgsRing(t *testing.T) {
	for _, way := range plain {
		t.Run(way.name, func(t *testing.T) {
			b := opened(t)
			way.set(b)
			dev := compute.New(b)
			defer dev.Close()
			const n = 3 * slots * uniformParts
			x := tensorsOn(t, dev)(n)
			one := compute.Pointwise(compute.Const(1))
			got := make([]float32, n)
			must.Do(t, dev.Step(func(s *compute.Step) error {
				for i := range n {
					f := *one
					f.Consts = []float32{float32(i)}
					s.Do(compute.Map{Out: s.View(x, i, 1), F: &f})
				}
				s.Read(x, got)
				return nil
			}))
			for i, v := range got {
				if v != float32(i) {
					t.Fatalf("dispatch %d had the arguments of %g", i, v)
				}
			}
		})
	}
}

// TestForgottenNames: a buffer that is gone is not taken for bound, since another may come to have its name.
func TestForgottenNames(t *testing.T) {
	b := opened(t)
	dev := compute.New(b)
	defer dev.Close()
	must.Do(t, dev.Step(func(s *compute.Step) error {
		s.Do(compute.Copy{Dst: s.Tensor(8), Src: s.Tensor(8)})
		return nil
	}))
	bound := func() (n int) {
		b.wait(func() error {
			for _, x := range b.state.storage {
				if x.id != 0 {
					n++
				}
			}
			return nil
		})
		return n
	}
	before := bound()
	if dev.Trim(); before != 2 || bound() != 0 {
		t.Errorf("%d buffers are bound after a copy, want 2, and %d when they are gone, want none", before, bound())
	}
}

// TestPartsApart: updates of parts of one buffer do not wait for each other, but for their inputs.
func TestPartsApart(t *testing.T) {
	b := opened(t)
	dev := compute.New(b)
	defer dev.Close()
	const parts, n = 8, 64
	all, x := tensorsOn(t, dev)(parts*n), tensorsOn(t, dev)(n)
	add := compute.Pointwise(compute.Add(compute.Old(), compute.Var(0)))
	var barriers int
	must.Do(t, dev.Step(func(s *compute.Step) error {
		s.Write(all, make([]float32, parts*n))
		s.Do(compute.Map{Out: x, F: compute.Pointwise(compute.Const(1))})
		for i := range parts {
			s.Do(compute.Map{Out: s.View(all, i*n, n), In: []*compute.Tensor{x}, F: add})
		}
		return b.wait(func() error { barriers = b.hazards.barriers; return nil })
	}))
	if barriers != 1 {
		t.Errorf("%d barriers, want 1: before the first update", barriers)
	}
}

// BenchmarkWrite and BenchmarkRead transfer buffers both ways: through mapped memory, and by a call of the driver.
func BenchmarkWrite(b *testing.B) {
	transfers(b, func(b *testing.B, buf compute.Buffer, x []float32) {
		must.Do(b, buf.Write(0, x))
	})
}

func BenchmarkRead(b *testing.B) {
	transfers(b, func(b *testing.B, buf compute.Buffer, x []float32) {
		must.Do(b, buf.Read(0, x))
	})
}

func transfers(b *testing.B, f func(*testing.B, compute.Buffer, []float32)) {
	for _, way := range plain[:2] {
		back := openedFor(b, way.set)
		for _, kib := range []int{4, 64, 1 << 10, 64 << 10} {
			x := make([]float32, kib<<8)
			buf := must.Get(back.Alloc(len(x)))(b)
			buf.Write(0, x) // so that no memory is touched for the first time
			buf.Read(0, x)
			b.Run(fmt.Sprintf("%s/%dKiB", way.name, kib), func(b *testing.B) {
				b.SetBytes(int64(4 * len(x)))
				for range b.N {
					f(b, buf, x)
				}
				must.Do(b, back.Sync())
			})
			buf.Free()
		}
		must.Do(b, back.Close())
	}
}
