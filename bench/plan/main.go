// Plan prints how long an epoch of a network would take on several machines, by a model of machines and links whose assumptions
// it prints: nothing in the table is measured.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/local"
	"hebb/nets/stack"
)

// A block is a stage of a pipeline, or a part of one.
type block struct {
	name    string
	flops   float64 // of an example, forward
	weights float64
	out     float64 // numbers of an example that go to the next block
}

// A link sends n bytes in latency + n/rate.
type link struct {
	name          string
	latency, rate float64 // s, bytes/s
}

func (l link) send(bytes float64) float64 { return l.latency + bytes/l.rate }

// sum is the time for all of n machines to have the sum of so many bytes, round a ring.
func (l link) sum(n int, bytes float64) float64 {
	return 2 * float64(n-1) * l.send(bytes/float64(n))
}

// machines is the most that the tables are for.
const machines = 16

// A plan describes a training: blocks of a network, batches, and the machines that learn them.
type plan struct {
	blocks          []block
	examples, batch int
	micro           int     // parts of a batch, on their way through a pipeline of backprop
	speed           float64 // flop/s of a machine
	every           int     // steps between two exchanges of DiLoCo
}

var links = []link{{"10 Gbit/s, 0.05 ms", 5e-5, 10e9 / 8}, {"1 Gbit/s, 0.2 ms", 2e-4, 1e9 / 8}, {"100 Mbit/s, 20 ms", 0.02, 1e8 / 8}, {"20 Mbit/s, 50 ms", 0.05, 2e7 / 8}}

const assumptions = `
Assumed: a machine makes %.3g flop/s, whatever the shape; backward costs twice forward; a link sends n bytes in its latency
plus n over its rate, both ways at once, while its machines compute; numbers are float32; memory is enough. An epoch is %d
examples in batches of %d.
- data: n machines have n-ths of a batch; gradients are summed round a ring after each step (2·(n−1) messages of an n-th), and
  machines wait for the sum.
- bp pipeline: n stages of whole blocks, as even as they come; a batch goes up and down in %d parts, and weights change when all
  are back (GPipe): parts + n − 1 beats each way, a beat being the slower of the slowest stage and the slowest boundary, and
  the latency of n − 1 links each way.
- local pipeline: the same stages under a rule of blocks: nothing comes back, no batch waits for another, and a step is the
  slower of the slowest stage and the slowest boundary. The objective's own cost is not counted. Stages are then k steps
  apart, as many as begin while a batch is on its way: hebb train --stale k shows what that does to accuracy.
- DiLoCo: n machines learn alone from n-ths of a batch, and weights are summed round a ring every %d steps. What that does to
  accuracy is not counted.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole command; it returns the exit status: 2 for wrong input, as of hebb.
func run(args []string, stdout, stderr io.Writer) int {
	p, net, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "plan:", err)
		return 2
	}
	if err := p.print(stdout, net); err != nil {
		fmt.Fprintln(stderr, "plan:", err)
		return 1
	}
	return 0
}

// parse returns the plan that the arguments ask for, and the name of its network.
func parse(args []string, stderr io.Writer) (p plan, net string, err error) {
	f := flag.NewFlagSet("plan", flag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are printed once
	f.StringVar(&net, "net", "mlp:784-1024-1024-1024-10", "network, as hebb train --net")
	in := f.String("in", "28x28x1", "height × width × channels of an example")
	classes := f.Int("classes", 10, "classes")
	f.IntVar(&p.examples, "examples", 60000, "examples of an epoch")
	f.IntVar(&p.batch, "batch", 256, "examples of a batch: a multiple of 16, the most machines")
	f.IntVar(&p.micro, "micro", 8, "parts of a batch in a pipeline of backprop, all of one size")
	f.IntVar(&p.every, "every", 500, "steps between two exchanges of DiLoCo")
	f.Float64Var(&p.speed, "speed", 1e11, "flop/s of a machine")
	if err = f.Parse(args); errors.Is(err, flag.ErrHelp) {
		f.SetOutput(stderr)
		f.Usage()
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("found %q, want flags only: see -help", f.Arg(0))
	}
	if err == nil {
		err = p.check()
	}
	if err == nil {
		p.blocks, err = blocksOf(net, *in, *classes)
	}
	return p, net, err
}

// check reports a number that cannot be.
func (p plan) check() error {
	for _, n := range []struct {
		flag  string
		value int
	}{{"examples", p.examples}, {"batch", p.batch}, {"micro", p.micro}, {"every", p.every}} {
		if n.value < 1 {
			return fmt.Errorf("-%s %d, want at least 1", n.flag, n.value)
		}
	}
	switch {
	case !(p.speed > 0 && p.speed <= math.MaxFloat64):
		return fmt.Errorf("-speed %g, want a number of flop/s above 0", p.speed)
	case p.batch > p.examples:
		return fmt.Errorf("-batch %d of -examples %d, want at most as many as an epoch has", p.batch, p.examples)
	case p.batch%p.micro != 0:
		return fmt.Errorf("-batch %d in -micro %d parts, want parts of one size, of at least 1 example", p.batch, p.micro)
	case p.batch%machines != 0:
		return fmt.Errorf("-batch %d for up to %d machines, want a multiple of %[2]d: each has as many examples", p.batch, machines)
	}
	return nil
}

// blocksOf returns the blocks of a network, as a local rule has them.
func blocksOf(net, in string, classes int) (all []block, err error) {
	var d [3]int
	text := strings.Split(in, "x")
	for i := range min(len(text), 3) {
		d[i], err = strconv.Atoi(text[i])
		if err != nil {
			break
		}
	}
	if err != nil || len(text) != 3 || min(d[0], d[1], d[2]) < 1 {
		return nil, fmt.Errorf("-in %q, want height, width and channels as 28x28x1", in)
	}
	shape := nets.Shape{Height: d[0], Width: d[1], Channels: d[2]}
	spec, err := stack.Parse(net, shape, classes)
	if err != nil {
		return nil, err
	}
	n, err := stack.New(compute.New(&compute.Stage{}), spec, shape, local.LastLayer{}, 1)
	if err != nil {
		return nil, err
	}
	add := func(name string, out nets.Shape, weights ...*stack.Weights) {
		b := block{name: name, out: float64(out.Len())}
		for _, w := range weights {
			size := float64(w.Shape[0] * w.Fan())
			b.weights += size
			b.flops += 2 * size * float64(w.Out.Height*w.Out.Width)
		}
		all = append(all, b)
	}
	for _, b := range n.Blocks() {
		add(b.Name, b.Out, b.Weights...)
	}
	last := n.Weights[len(n.Weights)-1]
	add(last.Name, last.Out, last)
	return all, nil
}

// stages cuts the blocks into n, so that the slowest is as fast as can be, and returns its flops an example and the most numbers
// that one sends to the next.
func (p plan) stages(n int) (flops, numbers float64) {
	flops = math.Inf(1)
	var cut func(from, left int, slowest, widest float64)
	cut = func(from, left int, slowest, widest float64) {
		if slowest > flops {
			return
		}
		if left == 1 {
			sum := 0.
			for _, b := range p.blocks[from:] {
				sum += b.flops
			}
			if slowest = max(slowest, sum); slowest < flops || slowest == flops && widest < numbers {
				flops, numbers = slowest, widest
			}
			return
		}
		sum := 0.
		for k := from; k <= len(p.blocks)-left; k++ {
			sum += p.blocks[k].flops
			cut(k+1, left-1, max(slowest, sum), max(widest, p.blocks[k].out))
		}
	}
	cut(0, n, 0, 0)
	return flops, numbers
}

// epoch returns the seconds of an epoch on n machines: by data, by a pipeline of backprop, by one of a local rule, by DiLoCo.
func (p plan) epoch(n int, l link) (times [4]float64) {
	all, weights := 0., 0.
	for _, b := range p.blocks {
		all, weights = all+b.flops, weights+b.weights
	}
	steps, batch := float64(p.examples)/float64(p.batch), float64(p.batch)
	work := 3 * all * batch / p.speed / float64(n)
	times[0] = steps * (work + l.sum(n, 4*weights))
	times[3] = steps * (work + l.sum(n, 4*weights)/float64(p.every))
	if n > len(p.blocks) {
		times[1], times[2] = math.NaN(), math.NaN()
		return times
	}
	flops, numbers := p.stages(n)
	beat := func(examples, times float64) float64 {
		return max(times*flops*examples/p.speed, 4*numbers*examples/l.rate)
	}
	part := batch / float64(p.micro)
	times[1] = steps * (float64(p.micro+n-1)*(beat(part, 1)+beat(part, 2)) + 2*float64(n-1)*l.latency)
	times[2] = steps * beat(batch, 3)
	return times
}

// apart returns how many steps of a local pipeline begin while a batch is on its way from a stage to the next.
func (p plan) apart(n int, l link) int {
	if n == 1 || n > len(p.blocks) {
		return 0
	}
	_, numbers := p.stages(n)
	step := p.epoch(n, l)[2] * float64(p.batch) / float64(p.examples)
	return int(math.Ceil(l.send(4*numbers*float64(p.batch)) / step))
}

func (p plan) print(w io.Writer, net string) error {
	fmt.Fprintf(w, "%s, seconds of an epoch by a model:\n", net)
	for _, b := range p.blocks {
		fmt.Fprintf(w, "  %s: %.3g flop an example, %.0f weights, sends %.0f numbers\n", b.name, b.flops, b.weights, b.out)
	}
	for _, l := range links {
		fmt.Fprintf(w, "\n%s\n", l.name)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "machines\tdata\tbp pipeline\tlocal pipeline\tDiLoCo\tk\t")
		for n := 1; n <= machines; n *= 2 {
			fmt.Fprintf(t, "%d\t", n)
			times := p.epoch(n, l)
			for _, x := range append(times[:], float64(p.apart(n, l))) {
				if n > len(p.blocks) && (x != x || x == 0) { // no pipeline of so many stages
					fmt.Fprint(t, "–\t")
				} else {
					fmt.Fprintf(t, "%.3g\t", x)
				}
			}
			fmt.Fprintln(t)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, assumptions, p.speed, p.examples, p.batch, p.micro, p.every)
	return err
}
