package gpu

import (
	"fmt"
	"strings"

	"hebb/compute"
)

// A dispatch describes one launch of one shader completely, without OpenGL.
type dispatch struct {
	kernel
	binds  []bind // by binding point
	args   args
	groups [3]int
}

// A kernel is a specialised shader; it is the key of the program cache.
type kernel struct{ file, defines string } // defines are separated by new lines

func (k kernel) list() []string {
	return strings.FieldsFunc(k.defines, func(r rune) bool { return r == '\n' })
}

// A bind is n words of a memory from a word on, a float32 each or two halves. Without a memory it binds nothing.
type bind struct {
	mem     memory
	from, n int
	write   bool
}

// span returns the range that a shader may access through b.
func (b bind) span() span { return span{b.from, b.from + b.n} }

// A planner turns ops into plans. It is pure: the same op gives the same plan.
type planner struct {
	rung       string // "": chosen by shape
	maxBlock   int    // the most bytes of one binding
	align      int    // numbers; windows start at multiples of it
	maxGroups  [3]int
	processors int // see tile.go
	chip       chip
	splits     int // forced; 0: chosen by shape
	stored     int // numbers of kernel matrices stored at a time, forced; 0: chosen by shape
	tiles      []tile
	pairTiles  []tile           // see pairs.go
	byBands    bool             // kernel matrices are stored band by band, forced
	halfRun    int              // the number of products added up in half precision, forced; 0: [compute.HalfRun]
	halves     []string         // the defines of shaders/half.glsl for this device's half precision; none: it has none
	winograd   bool             // use Winograd's transforms wherever allowed, forced
	tuned      map[shape]recipe // measured to be fastest
}

// A plan is an op as dispatches, in their order, and the sizes of the backend's own memory
// that they need.
type plan struct {
	*planner
	dispatches []dispatch
	scratch    [scratches]int // numbers
	err        error          // the first; planning stops there

	most     float64 // multiply-adds of the largest product, and its shape
	main     shape
	mainArgs args
	mainFast tiling // its transforms, if it may use them
}

// The backend's own memory. One op may use all of it; the next op uses it again.
const (
	scratchPartial = iota // partial sums
	scratch1              // one value per row of A, or Mask(YᵀG)
	scratch2              // one value per row of B, or Mask(YᵀG)·W
	scratchRows           // means
	scratchCols
	scratchAll
	scratchK // bands of kernel matrices
	scratchL
	scratchP       // and of P
	scratchTiles   // sums of their tiles
	scratchWeights // Winograd's transforms of weights
	scratchImages  // of images
	scratchSums    // and the products of the two
	scratches
)

func (p *planner) plan(op compute.Op) (*plan, error) {
	l := &plan{planner: p}
	switch op := op.(type) {
	case compute.Gemm:
		l.gemm(op)
	case compute.Hebbian:
		l.hebbian(op)
	case compute.Gram:
		l.gram(op)
	case compute.KernelSums:
		l.kernelSums(op)
	case compute.KernelGrad:
		l.kernelGrad(op)
	case compute.Inverse:
		l.inverse(op)
	case compute.Conv:
		l.conv(op)
	case compute.ConvInput:
		l.convInput(op)
	case compute.Map:
		l.pointwise(op)
	case compute.Reduce:
		l.reduceTensor(op)
	case compute.Random:
		l.random(op)
	case compute.Standardize:
		l.standardize(op)
	case compute.StandardizeGrad:
		l.standardizeGrad(op)
	case compute.Pool:
		l.pool(op)
	case compute.PoolGrad:
		l.poolGrad(op)
	case compute.SoftmaxLoss:
		l.softmaxLoss(op)
	case compute.Gather:
		l.gatherRows(op)
	case compute.Resample:
		l.resample(op)
	case compute.Deliver:
		l.deliver(op)
	case compute.Plastic:
		l.plastic(op)
	case compute.Copy:
		l.copy(op)
	case compute.FMA:
		l.fma(op)
	default:
		return nil, fmt.Errorf("gpu: %T: %w", op, compute.ErrUnsupported)
	}
	return l, l.err
}

func (p *planner) naive() bool { return p.rung == "naive" }

// own returns a batch of rows × cols numbers in a scratch memory, along the given axes.
func (l *plan) own(which, batch, rows, cols int, row, col axis) operand {
	l.scratch[which] = max(l.scratch[which], batch*rows*cols)
	o := operand{mem: memory{scratch: which + 1}, ld: cols}
	o.stride[axisMember], o.stride[row], o.stride[col] = rows*cols, cols, 1
	return o
}

// ownLine returns n numbers for each member of a batch in a scratch memory.
func (l *plan) ownLine(which, batch, n int, along axis) operand {
	step := (n + 3) / 4 * 4
	l.scratch[which] = max(l.scratch[which], batch*step)
	o := operand{mem: memory{scratch: which + 1}}
	o.stride[axisMember], o.stride[along] = step, 1
	return o
}

// cut is [planner.pieces]; its error is the plan's.
func (l *plan) cut(size extent, ops ...operand) []box {
	if l.err != nil {
		return nil
	}
	boxes, err := l.pieces(size, ops...)
	l.err = err
	return boxes
}

// piece starts a dispatch for one box: operands by binding point, and the arguments that follow from their strides. The
// caller sets the grid and all else.
func (p *planner) piece(file string, b box, ops ...operand) dispatch {
	d := dispatch{kernel: kernel{file: file}, binds: make([]bind, len(ops))}
	d.args = args{
		M: int32(b.n[axisRow]), N: int32(b.n[axisCol]), K: int32(b.n[axisTerm]), Batch: int32(b.n[axisMember]),
		Splits: 1, Slice: int32(b.n[axisTerm]), Widths: int32(b.n[axisWidth]),
		Row0: int32(b.at[axisRow]), Col0: int32(b.at[axisCol]), Dep0: int32(b.at[axisTerm]),
		Wide: int32(ops[0].stride[axisWidth]),
	}
	for i, o := range ops {
		if o.mem == (memory{}) {
			continue
		}
		var off int
		d.args.Bound |= 1 << i
		d.binds[i], off = p.window(o, b)
		d.args.Off[i/4][i%4] = int32(off)
		d.args.Ld[i/4][i%4] = int32(o.ld)
		d.args.Skip[i/4][i%4] = int32(o.stride[axisMember])
	}
	return d
}

// aligned reports whether n neighbours of every row at binding point i are whole vec4s.
func (d *dispatch) aligned(i int, n int32) bool {
	a := &d.args
	return n%4 == 0 && a.Off[i/4][i%4]%4 == 0 && a.Ld[i/4][i%4]%4 == 0 && a.Skip[i/4][i%4]%4 == 0
}

func (d *dispatch) define(on bool, names ...string) {
	for _, name := range names {
		if on {
			d.defines += name + "\n"
		}
	}
}

// launch appends d to the plan, on a grid of x×y×z groups or the device's limit.
func (l *plan) launch(d dispatch, x, y, z int) {
	d.groups = [3]int{min(x, l.maxGroups[0]), min(y, l.maxGroups[1]), min(z, l.maxGroups[2])}
	l.dispatches = append(l.dispatches, d)
}

// groups returns the number of groups of that size that cover n.
func groups(n int32, size int) int { return (int(n) + size - 1) / size }
