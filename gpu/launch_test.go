//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
	"hebb/internal/must"
)

// BenchmarkLaunch breaks a launch down. Each line's ns/op is the time until the device is done; issue-ns/op is the
// host's share of it: the time until the calls return. So a line's cost is its difference from gl/dispatch, and the
// part that cannot be hidden behind the device's work is the smaller of the two.
func BenchmarkLaunch(b *testing.B) {
	back := openedFor(b, func(*backend) {})
	dev := compute.New(back)
	defer dev.Close()
	ops := smallOps(b, dev)
	b.Run("chain", func(b *testing.B) { chains(b, back, ops) })
	b.Run("do", func(b *testing.B) { // the checks of package compute
		idle := compute.New(idler{back})
		ops := smallOps(b, idle)
		for _, op := range ops {
			b.Run(op.name, func(b *testing.B) { b.ReportAllocs(); do(b, idle, op.ops) })
		}
	})
	b.Run("plan", func(b *testing.B) {
		for _, op := range ops {
			b.Run(op.name, func(b *testing.B) {
				b.ReportAllocs()
				for i := range b.N {
					if _, err := back.plan(op.ops[i%len(op.ops)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
	b.Run("hop/send", func(b *testing.B) {
		issued(b, func(int) { back.send(func() {}) }, func() { back.wait(func() error { return nil }) })
	})
	b.Run("hop/wait", func(b *testing.B) {
		for range b.N {
			back.wait(func() error { return nil })
		}
	})
	bare := openedFor(b, func(*backend) {}) // no op relies on its state
	defer bare.Close()
	for _, c := range calls() {
		b.Run("gl/"+c.name, func(b *testing.B) {
			if _, has := slices.BinarySearch(bare.info.Extensions, c.needs); c.needs != "" && !has {
				b.Skip("no " + c.needs)
			}
			must.Do(b, bare.wait(func() error { return c.run(b) }))
		})
	}
}

// openedFor is [opened] for benchmarks, with a backend that set changes before it is used.
func openedFor(b *testing.B, set func(*backend)) *backend {
	b.Helper()
	back, err := open(quick(""))
	if errors.Is(err, compute.ErrUnavailable) {
		b.Skip(err)
	} else if err != nil {
		b.Fatal(err)
	}
	set(back)
	return back
}

// An idler is a backend that runs nothing.
type idler struct{ compute.Backend }

func (idler) Run(compute.Op) error { return nil }
func (idler) Close() error         { return nil }

// A chain is ops that are run one after the other, again and again.
type chain struct {
	name string
	ops  []compute.Op
}

// smallOps returns chains of ops that finish at once: dependent ones wait for each other, the others do not.
func smallOps(b *testing.B, dev *compute.Device) []chain {
	mat := tensorsOn(b, dev)
	product := func(c, a, w *compute.Tensor) compute.Op {
		return compute.Gemm{C: c, A: a, B: w, Epilogue: compute.Epilogue{Alpha: 1}}
	}
	x, y, w := mat(32, 32), mat(32, 32), mat(32, 32)
	all := []chain{{"product", []compute.Op{product(x, y, w), product(y, x, w)}}}
	var apart chain
	for range 8 {
		apart.ops = append(apart.ops, product(mat(32, 32), x, w))
	}
	apart.name = "products apart"
	rate := compute.Pointwise(compute.Sub(compute.Old(), compute.Mul(compute.Const(0.1), compute.Var(0))))
	many := mat(8 * 1024) // as the parameters of a network: updates of parts of one buffer
	var parts chain
	for i := range 8 {
		part := must.Get(many.View(i*1024, 32, 32))(b)
		parts.ops = append(parts.ops, compute.Hebbian{W: part, Y: x, X: y, Rate: 0.1})
	}
	parts.name = "updates of parts"
	image, filters, out := mat(2, 8, 8, 4), mat(8, 3, 3, 4), mat(2, 8, 8, 8)
	return append(all, apart,
		chain{"map", []compute.Op{compute.Map{Out: x, In: []*compute.Tensor{y}, F: rate}, compute.Map{Out: y, In: []*compute.Tensor{x}, F: rate}}},
		parts,
		chain{"reduce", []compute.Op{compute.Reduce{Out: mat(32), In: []*compute.Tensor{x}, Alpha: 1}}},
		chain{"conv", []compute.Op{compute.Conv{Y: out, X: image, W: filters, Slide: compute.Slide{Stride: 1, Pad: 1}, Epilogue: compute.Epilogue{Alpha: 1}}}},
	)
}

func chains(b *testing.B, back *backend, all []chain) {
	dev := compute.New(kept{back})
	for _, c := range all {
		must.Do(b, errors.Join(runAll(back, c.ops), back.Sync()))
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			issued(b, func(i int) {
				must.Do(b, back.Run(c.ops[i%len(c.ops)]))
			}, func() {
				must.Do(b, dev.Sync())
			})
		})
	}
}

// kept is a backend that stays open.
type kept struct{ compute.Backend }

func (kept) Close() error { return nil }

func runAll(back *backend, ops []compute.Op) (err error) {
	for _, op := range ops {
		err = errors.Join(err, back.Run(op))
	}
	return err
}

func do(b *testing.B, dev *compute.Device, ops []compute.Op) {
	must.Do(b, dev.Step(func(s *compute.Step) error {
		for i := range b.N {
			s.Do(ops[i%len(ops)])
		}
		return nil
	}))
}

// issued runs f b.N times and then done, in rounds so short that no queue is full, and reports the time of f alone.
func issued(b *testing.B, f func(i int), done func()) {
	const round = 256
	var host time.Duration
	b.ResetTimer()
	for i := 0; i < b.N; i += round {
		start := time.Now()
		for k := range min(round, b.N-i) {
			f(k)
		}
		host += time.Since(start)
		done()
	}
	b.ReportMetric(float64(host.Nanoseconds())/float64(b.N), "issue-ns/op")
}

// A call is a way to make some of the calls of a launch, before one dispatch of one group.
type call struct {
	name  string
	needs string // an extension
	begin func(s *stage)
	each  func(s *stage, i int)
	after func(s *stage)
}

// A stage is the state that the calls work on.
type stage struct {
	programs [2]uint32
	plain    uint32 // whose arguments are plain uniforms
	block    uint32 // of arguments, slots of 512 bytes
	mapped   []byte // of block, where it is mapped
	data     [4]uint32
	args     [80]int32
	status   func() uint32
}

const stageText = `#version 430
layout(local_size_x = 32) in;
layout(std140, binding = 0) uniform Args { ivec4 a[20]; };
layout(std430, binding = 0) buffer X { float x[]; };
layout(std430, binding = 1) readonly buffer Y { float y[]; };
layout(std430, binding = 2) readonly buffer Z { float z[]; };
layout(std430, binding = 3) readonly buffer W { float w[]; };
void main() { int i = int(gl_LocalInvocationID.x); x[i] = y[i] + z[i] * w[i] + float(a[i & 7].x`

const stagePlain = `#version 430
layout(local_size_x = 32) in;
layout(location = 0) uniform ivec4 a[20];
layout(std430, binding = 0) buffer X { float x[]; };
void main() { int i = int(gl_LocalInvocationID.x); x[i] = float(a[i & 7].x); }`

func calls() []call {
	const storage, multi = "GL_ARB_buffer_storage", "GL_ARB_multi_bind"
	barrier := func(bits uint32) func(*stage, int) { return func(*stage, int) { gl.MemoryBarrier(bits) } }
	silent := func(*stage) { gl.Disable(gl.DEBUG_OUTPUT) }
	loud := func(*stage) { gl.Enable(gl.DEBUG_OUTPUT) }
	most := uint32(gl.SHADER_STORAGE_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT)
	return []call{
		{name: "dispatch"},
		{name: "dispatch/no debug output", begin: silent, after: loud},
		{name: "barrier/storage", each: barrier(gl.SHADER_STORAGE_BARRIER_BIT)},
		{name: "barrier/storage and update", each: barrier(most)},
		{name: "barrier/all", each: barrier(gl.ALL_BARRIER_BITS)},
		{name: "barrier/no debug output", begin: silent, each: barrier(most), after: loud},
		{name: "args/subdata", each: (*stage).subData},
		{name: "args/mapped", needs: storage, begin: (*stage).persist, each: (*stage).mappedArgs},
		{name: "args/plain uniforms", begin: func(s *stage) { gl.UseProgram(s.plain) }, each: func(s *stage, i int) {
			s.args[0] = int32(i)
			gl.Uniform4iv(0, 20, &s.args[0])
		}},
		{name: "bind/one by one", each: func(s *stage, _ int) { s.bind() }},
		{name: "bind/at once", needs: multi, each: func(s *stage, _ int) { s.bindAtOnce() }},
		{name: "program/the same", each: func(s *stage, _ int) { gl.UseProgram(s.programs[0]) }},
		{name: "program/another", each: func(s *stage, i int) { gl.UseProgram(s.programs[i&1]) }},
		{name: "error/code", each: func(*stage, int) { gl.GetError() }},
		{name: "error/reset status", each: func(s *stage, _ int) { s.status() }},
		{name: "fence", each: func(*stage, int) { gl.DeleteSync(gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)) }},
		{name: "all/subdata", each: func(s *stage, i int) {
			gl.MemoryBarrier(most)
			gl.UseProgram(s.programs[i&1])
			s.subData(i)
			s.bind()
			gl.GetError()
			s.status()
		}},
		{name: "all/mapped", needs: storage, begin: (*stage).persist, each: func(s *stage, i int) {
			gl.MemoryBarrier(most)
			gl.UseProgram(s.programs[i&1])
			s.mappedArgs(i)
			s.bind()
			gl.GetError()
		}},
	}
}

// run makes b.N rounds of the calls, on the thread of the context.
func (c call) run(b *testing.B) error {
	s, err := newStage()
	if err != nil {
		return err
	}
	defer s.close()
	if c.begin != nil {
		c.begin(s)
	}
	gl.DispatchCompute(1, 1, 1)
	gl.Finish()
	issued(b, func(i int) {
		if c.each != nil {
			c.each(s, i)
		}
		gl.DispatchCompute(1, 1, 1)
	}, gl.Finish)
	if c.after != nil {
		c.after(s)
	}
	if code := gl.GetError(); code != gl.NO_ERROR {
		return errors.New(words(code))
	}
	return nil
}

func newStage() (s *stage, err error) {
	s = &stage{status: func() uint32 { return gl.NO_ERROR }}
	if limit(gl.MAJOR_VERSION)*10+limit(gl.MINOR_VERSION) >= 45 {
		s.status = gl.GetGraphicsResetStatus
	}
	for i, end := range []string{"); }", " + a[1].y); }"} {
		if s.programs[i], err = compile(stageText + end); err != nil {
			return nil, err
		}
	}
	if s.plain, err = compile(stagePlain); err != nil {
		return nil, err
	}
	gl.GenBuffers(int32(len(s.data)), &s.data[0])
	for _, id := range s.data {
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, id)
		gl.BufferData(gl.COPY_WRITE_BUFFER, 4096, nil, gl.DYNAMIC_COPY)
	}
	gl.GenBuffers(1, &s.block)
	gl.BindBuffer(gl.UNIFORM_BUFFER, s.block)
	gl.BufferData(gl.UNIFORM_BUFFER, 256*512, nil, gl.STREAM_DRAW)
	gl.BindBufferRange(gl.UNIFORM_BUFFER, 0, s.block, 0, 512)
	gl.UseProgram(s.programs[0])
	s.bind()
	return s, nil
}

func (s *stage) close() {
	gl.UseProgram(0)
	gl.DeleteBuffers(int32(len(s.data)), &s.data[0])
	gl.DeleteBuffers(1, &s.block)
	for _, p := range []uint32{s.programs[0], s.programs[1], s.plain} {
		gl.DeleteProgram(p)
	}
}

// persist allocates the block of arguments anew, and maps it. Dispatches need not read the right arguments.
func (s *stage) persist() {
	gl.DeleteBuffers(1, &s.block)
	gl.GenBuffers(1, &s.block)
	gl.BindBuffer(gl.UNIFORM_BUFFER, s.block)
	const flags = gl.MAP_WRITE_BIT | gl.MAP_PERSISTENT_BIT | gl.MAP_COHERENT_BIT
	gl.BufferStorage(gl.UNIFORM_BUFFER, 256*512, nil, flags)
	s.mapped = unsafe.Slice((*byte)(gl.MapBufferRange(gl.UNIFORM_BUFFER, 0, 256*512, flags)), 256*512)
}

func (s *stage) mappedArgs(i int) {
	at := i % 256 * 512
	copy(s.mapped[at:], unsafe.Slice((*byte)(unsafe.Pointer(&s.args)), unsafe.Sizeof(s.args)))
	gl.BindBufferRange(gl.UNIFORM_BUFFER, 0, s.block, at, 512)
}

func (s *stage) subData(i int) {
	at := i % 256 * 512
	gl.BindBufferRange(gl.UNIFORM_BUFFER, 0, s.block, at, 512)
	gl.BufferSubData(gl.UNIFORM_BUFFER, at, int(unsafe.Sizeof(s.args)), unsafe.Pointer(&s.args))
}

func (s *stage) bind() {
	for i, id := range s.data {
		gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(i), id, 0, 4096)
	}
}

func (s *stage) bindAtOnce() {
	offsets, sizes := [4]int{}, [4]int{4096, 4096, 4096, 4096}
	gl.BindBuffersRange(gl.SHADER_STORAGE_BUFFER, 0, 4, &s.data[0], &offsets[0], &sizes[0])
}
