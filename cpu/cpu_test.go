package cpu

import (
	"errors"
	"flag"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// TestOps runs each case on another number of cores the second time: the bits must be the same.
func TestOps(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	computetest.RunEvery(t, *every, onManyCores)
}

// A manyCores is a device that runs each op on other cores than the op before.
type manyCores struct {
	compute.Backend
	ops int
}

func onManyCores() (compute.Backend, error) {
	b, err := Open()
	return &manyCores{Backend: b}, err
}

func (m *manyCores) Run(op compute.Op) error {
	cores := []int{1, 2, 3, 8, 64}
	runtime.GOMAXPROCS(cores[m.ops%len(cores)])
	m.ops++
	return m.Backend.Run(op)
}

var every = flag.Int("every", 1, "one case in so many in TestOps")

var seed = flag.Uint("seed", uint(rand.Uint32()), "of the cases of TestOtherOps")

// TestOtherOps runs cases of other choices each time.
func TestOtherOps(t *testing.T) { computetest.Explore(t, uint32(*seed), 100, Open) }

// operands makes tensors of reals, some of them zero.
type operands struct {
	s *compute.Step
	r *rand.Rand
}

func (o operands) in(shape ...int) *compute.Tensor {
	t := o.s.Tensor(shape...)
	x := make([]float32, t.Len())
	for i := range x {
		if o.r.IntN(8) != 0 {
			x[i] = float32(o.r.NormFloat64())
		}
	}
	o.s.Write(t, x)
	return t
}

// TestOpsInSmallTiles makes every tile so small that small operands have edges of all kinds and sums
// are cut in pieces, and does without vector code, or with less of it than there is.
func TestOpsInSmallTiles(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	set(t, &products, grain{shape{5, 7}, shape{2, 3}})
	set(t, &kernels, grain{shape{40, 24}, shape{34, 9}})
	set(t, &strip, 9)
	set(t, &group, 5)
	set(t, &pieceLength, 11)
	set(t, &patchFloats, 100)
	set(t, &bunchesAtOnce, 3)
	set(t, &fewImages, 1<<20)
	set(t, &placesAtOnce, 7)
	set(t, &fewChannels, 3)
	set(t, &blockSize, 20)
	set(t, &wide, 12)
	set(t, &chunkFloats, 64)
	set(t, &pieceOfFold, 50)
	set(t, &channelsAtOnce, 3)
	set(t, &pairsMost, 20)
	set(t, &pairsLeast, 5)
	set(t, &inverseBlock, 8)
	set(t, &inverseTile, 24)
	set(t, &inverseWork, 100)
	smallChunks(t)
	for v := scalar; v <= min(scalar+1, widest()); v++ {
		t.Run(v.String(), func(t *testing.T) {
			set(t, &vector, v)
			computetest.Run(t, onManyCores)
		})
	}
}

func TestReleased(t *testing.T) {
	b := must.Get(Open())(t)
	buf := must.Get(b.Alloc(4))(t)
	buf.Free()
	x := make([]float32, 4)
	if err := buf.Read(0, x); !errors.Is(err, compute.ErrReleased) {
		t.Errorf("Read after Free: %v", err)
	}
	if err := buf.Write(0, x); !errors.Is(err, compute.ErrReleased) {
		t.Errorf("Write after Free: %v", err)
	}
	must.Do(t, b.Close())
	_, alloc := b.Alloc(4)
	for name, err := range map[string]error{"Alloc": alloc, "Run": b.Run(compute.Copy{}), "Sync": b.Sync(), "Close": b.Close()} {
		if !errors.Is(err, compute.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestMemory(t *testing.T) {
	b := must.Get(Open())(t)
	defer b.Close()
	for _, n := range []int{1 << 44, 1 << 60} {
		if _, err := b.Alloc(n); err == nil || !strings.Contains(err.Error(), "want at most") {
			t.Errorf("%d float32s: %v", n, err)
		}
	}
	m := &memory{budget: headroom + 4000}
	first := must.Get(m.alloc(600))(t)
	if _, err := m.alloc(600); err == nil {
		t.Error("4800 bytes came out of 4000")
	}
	first.Free()
	if _, err := m.alloc(1000); err != nil {
		t.Errorf("what was freed cannot be had again: %v", err)
	}
}

func TestInfo(t *testing.T) {
	b := must.Get(Open())(t)
	defer b.Close()
	i := b.Info()
	if i.Backend != "cpu" || i.Device == "" || !strings.HasPrefix(i.Driver, "gonum") || len(i.Limits) != 2 {
		t.Errorf("%+v", i)
	}
	for _, l := range i.Limits {
		if l.Value <= 0 {
			t.Errorf("limit %+v", l)
		}
	}
	t.Log(i)
}

// TestFit wants tiles that cover the matrices, none beyond the bounds, and as many for each core.
func TestFit(t *testing.T) {
	g := grain{shape{64, 128}, shape{8, 16}}
	for _, c := range [][3]int{{1, 1, 1}, {1, 64, 128}, {1, 65, 128}, {3, 100, 100}, {1, 8, 4000}, {7, 1, 1}, {1, 1000, 7}} {
		s := g.fit(c[0], c[1], c[2])
		if s.rows < 1 || s.cols < 1 || s.rows > g.most.rows || s.cols > g.most.cols {
			t.Errorf("%v is cut into %v", c, s)
		}
		seen := make([]bool, c[0]*c[1]*c[2])
		var all []tile
		tiles := make(chan tile, len(seen))
		s.tiles(c[0], c[1], c[2], func(t tile) { tiles <- t })
		close(tiles)
		for x := range tiles {
			all = append(all, x)
			for i := x.i; i < x.i+x.rows; i++ {
				for j := x.j; j < x.j+x.cols; j++ {
					at := (x.z*c[1]+i)*c[2] + j
					if seen[at] {
						t.Fatalf("%v: element %d is in two tiles", c, at)
					}
					seen[at] = true
				}
			}
		}
		for at, ok := range seen {
			if !ok {
				t.Fatalf("%v: element %d is in none of %v", c, at, all)
			}
		}
	}
}
