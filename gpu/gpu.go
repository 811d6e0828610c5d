//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"slices"
	"strings"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
	"hebb/shaders"
)

type backend struct {
	*thread
	planner
	memo     memo
	programs map[kernel]uint32
	drafts   map[kernel]*draft  // of programs to be needed later
	early    bool               // the driver compiles several programs at once
	scratch  [scratches]*buffer // for plans; grows only
	cache    *cache
	source   func(file string, defines ...string) (string, error)
	data     func(*buffer) // allocates

	memory *findings
	trying shape  // the shape on trial
	before recipe // its recipe before the trial
}

// Open returns a backend on the device that o selects.
func Open(o Options) (compute.Backend, error) {
	b, err := open(o)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func open(o Options) (*backend, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	t, err := reach(o)
	if err != nil {
		return nil, err
	}
	b := &backend{
		thread: t, programs: map[kernel]uint32{}, drafts: map[kernel]*draft{}, source: shaders.Source, data: allocate,
		cache: newCache(o.CacheDir, t.info),
	}
	err = t.wait(func() error { return b.measure(o.Rung) })
	if err == nil {
		err = b.remember(o)
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return b, nil
}

// reach tries the ways to a device in order. A software renderer is taken only where GLFW, which may reach a driver
// that EGL does not, has no hardware either.
func reach(o Options) (*thread, error) {
	var soft *thread
	var why []string
	for _, w := range ways(o) {
		if soft != nil && w.context != "glfw" {
			continue
		}
		switch t, err := newThread(w); {
		case err != nil:
			why = append(why, w.via+": "+err.Error())
		case !t.info.Software:
			if soft != nil {
				err = soft.close()
			}
			return t, err
		case soft == nil:
			soft = t
		default:
			if err := t.close(); err != nil {
				why = append(why, err.Error())
			}
		}
	}
	if soft != nil {
		return soft, nil
	}
	return nil, fmt.Errorf("gpu: %w: no way to OpenGL 4.3: %s", compute.ErrUnavailable, strings.Join(why, "; "))
}

// Devices tries every way to a device and returns the device or error of each.
func Devices() []Candidate {
	var all []Candidate
	for _, w := range ways(Options{Device: -1}) {
		c := Candidate{Via: w.via}
		t, err := newThread(w)
		if err == nil {
			c.Info = t.info
			err = t.close()
		}
		if err != nil {
			c.Err = fmt.Errorf("gpu: %w: %w", compute.ErrUnavailable, err)
		}
		all = append(all, c)
	}
	return all
}

// remember loads the results of tuning.
func (b *backend) remember(o Options) (err error) {
	b.tuned, b.memory = map[shape]recipe{}, &findings{}
	if o.Tuning != "off" {
		b.memory, err = recall(o.tuningDir(), b.info, b.tuned)
	}
	b.info.Tuning = checksum(b.tuned)
	return err
}

// checksum tells results of tuning from others; "" of none.
func checksum(tuned map[shape]recipe) string {
	if len(tuned) == 0 {
		return ""
	}
	var all []string
	for s, w := range tuned {
		all = append(all, fmt.Sprint(s, w))
	}
	slices.Sort(all)
	return fmt.Sprintf("%d ways, CRC-32 %08x", len(all), crc32.ChecksumIEEE([]byte(strings.Join(all, "\n"))))
}

// measure sets the planner's device limits.
func (b *backend) measure(rung string) (err error) {
	b.rung = rung
	b.maxBlock = min(limit(gl.MAX_SHADER_STORAGE_BLOCK_SIZE), maxWindow)
	if !b.info.Software { // a software renderer has the extension, but compiles when it first runs a program
		b.early = supports(b.info, "GL_KHR_parallel_shader_compile", 0) || supports(b.info, "GL_ARB_parallel_shader_compile", 0)
	}
	b.align = max(4, limit(gl.SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT)/4)
	b.processors, b.chip = processors(b.info), chipOf(b.info)
	for i := range b.maxGroups {
		b.maxGroups[i] = limitAt(gl.MAX_COMPUTE_WORK_GROUP_COUNT, i)
	}
	shared, threads := limit(gl.MAX_COMPUTE_SHARED_MEMORY_SIZE), limit(gl.MAX_COMPUTE_WORK_GROUP_INVOCATIONS)
	b.pairTiles = usablePairs(rung, shared, threads)
	b.tiles, err = usable(rung, shared, threads)
	if b.info.Software && rung == "" { // larger tiles compile for longer than they compute
		b.tiles = slices.DeleteFunc(b.tiles, func(t tile) bool { return !t.is("32x32x32/4x4/1") && !t.is("64x32") })
	}
	if err == nil {
		b.halves, err = halves(b.info)
		b.info.Half = len(b.halves) > 0
	}
	return cmp.Or(err, b.settle("open"))
}

// processors returns the number of multiprocessors of the device. Only NVIDIA reports it in OpenGL.
func processors(i compute.Info) int {
	const smCount = 0x933B // GL_SM_COUNT_NV of NV_shader_thread_group
	switch _, nvidia := slices.BinarySearch(i.Extensions, "GL_NV_shader_thread_group"); {
	case nvidia:
		return max(1, limit(smCount))
	case i.Software:
		return runtime.NumCPU()
	}
	return 64
}

func (b *backend) Info() compute.Info { return b.info }

func (b *backend) Sync() error { return b.wait(func() error { return b.finish("sync") }) }

func (b *backend) Close() error { return b.close() }

// Run waits only for new shaders, or for more scratch memory of the backend's own. It returns their failures at once.
func (b *backend) Run(op compute.Op) error {
	l := b.memo.look(op)
	if l == nil {
		var err error
		if l, err = b.prepare(op); err != nil {
			return err
		}
		b.memo.keep(op, l)
	}
	for i, n := range l.scratch {
		if err := b.grow(i, n); err != nil {
			return err
		}
	}
	scratch := b.scratch
	b.send(func() {
		b.timer.begin(op, l.dispatches)
		for i := range l.dispatches {
			b.dispatch(l.programs[i], &l.dispatches[i], &scratch)
			b.timer.launched()
		}
	})
	return nil
}

// prepare plans op and finds its programs.
func (b *backend) prepare(op compute.Op) (*launch, error) {
	p, err := b.plan(op)
	if err != nil {
		return nil, err
	}
	l := &launch{plan: p, programs: make([]uint32, len(p.dispatches))}
	for i, d := range p.dispatches {
		if l.programs[i], err = b.program(d.kernel); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// grow makes sure that a scratch memory holds n numbers. Queued commands still use the old one: OpenGL frees memory
// once it is no longer used.
func (b *backend) grow(which, n int) error {
	old := b.scratch[which]
	if old != nil && old.n >= n || n == 0 {
		return nil
	}
	if old != nil {
		old.Free()
		b.scratch[which] = nil
	}
	buf, err := b.alloc(n)
	if err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	b.scratch[which] = buf
	return nil
}

// program returns the program of a kernel, from memory, from disk, or newly compiled.
func (b *backend) program(k kernel) (uint32, error) {
	if p, ok := b.programs[k]; ok {
		return p, nil
	}
	d, err := b.draft(k)
	if err != nil {
		return 0, err
	}
	delete(b.drafts, k)
	var p uint32
	var kept, made *entry
	if !d.given {
		kept = b.cache.load(d.text)
	}
	err = b.wait(func() (err error) {
		_, failed := b.try("compile "+k.file, func() {
			if kept != nil {
				p = revive(kept)
			}
			if p != 0 {
				return
			}
			if !d.given {
				d.give()
			}
			if p, err = d.finish(); err == nil {
				made = binaryOf(p)
			}
		})
		if err != nil { // the driver's log says more than an error code
			return fmt.Errorf("gpu: shader %s [%s]: %w", k.file, strings.Join(k.list(), ", "), err)
		}
		return failed
	})
	if err != nil {
		return 0, err
	}
	if made != nil {
		b.cache.store(d.text, made)
	}
	b.programs[k] = p
	return p, nil
}

func (t *thread) dispatch(program uint32, d *dispatch, scratch *[scratches]*buffer) {
	var bufs [bindings]*buffer
	wait := false
	for i, x := range d.binds {
		if bufs[i] = x.mem.buffer(scratch); bufs[i] != nil {
			wait = wait || t.hazards.conflict(&bufs[i].usage, x.span(), x.write)
		}
	}
	if wait {
		t.barrier()
	}
	t.state.use(program)
	t.uniform.set(&d.args)
	for i, x := range d.binds {
		if buf := bufs[i]; buf != nil {
			t.hazards.record(&buf.usage, x.span(), x.write)
			t.state.bind(i, binding{buf.id, 4 * x.from, 4 * x.n})
		}
	}
	gl.DispatchCompute(uint32(d.groups[0]), uint32(d.groups[1]), uint32(d.groups[2]))
	t.note(d.file)
}

func (m memory) buffer(scratch *[scratches]*buffer) *buffer {
	switch {
	case m.scratch > 0:
		return scratch[m.scratch-1]
	case m.buf != nil:
		return m.buf.(*buffer)
	}
	return nil
}

func (t *thread) barrier() {
	gl.MemoryBarrier(gl.SHADER_STORAGE_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT)
	t.hazards.barrier()
}
