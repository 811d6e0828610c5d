package bench

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"hebb/compute"
)

//go:embed peers/torch_ops.py
var torchOps []byte

// ErrNoPeer means that the program is not installed. It is no fault: hebb runs without.
var ErrNoPeer = errors.New("no peer")

// PeerOptions choose the torch to compare with.
type PeerOptions struct {
	Python  string // the interpreter; "": python3, or else /usr/bin/python3, whichever has torch
	Device  string // "auto" (cuda where there is one), "cpu" or "cuda"; "": auto
	Threads int    // on the CPU; 0: as many as Go uses
	TF32    bool   // on CUDA, products keep 10 bits of each factor, and are not judged
}

// PeerInfo identifies the peer.
type PeerInfo struct {
	Name   string `json:"name"`   // torch
	Torch  string `json:"torch"`  // its version
	Device string `json:"device"` // for people
	Where  string `json:"where"`  // cpu, cuda
	Python string `json:"python"`
	TF32   bool   `json:"tf32"`
	BLAS   string `json:"blas"` // the library of its products on the CPU; "": none that is known, or it is on a GPU
}

// program names the peer, its version and its BLAS: "torch 1.13.1, BLAS OpenBLAS 0.3.21 openmp SkylakeX".
func (p PeerInfo) program() string {
	s := p.Name + " " + p.Torch
	if p.BLAS != "" {
		s += ", BLAS " + p.BLAS
	}
	return s
}

// Warning says that the peer's library makes it slower than it could be, or is "".
func (p PeerInfo) Warning() string {
	switch {
	case strings.Contains(p.BLAS, "reference"):
		return "torch's products are by the reference BLAS, far slower than an OpenBLAS: install libopenblas0-openmp"
	case strings.Contains(p.BLAS, "pthread"):
		return "torch's products are by an OpenBLAS with threads of its own, which get in the way of torch's: install libopenblas0-openmp and remove libopenblas0-pthread"
	case strings.Contains(p.BLAS, "without AVX-512"):
		return "torch's OpenBLAS takes this processor for one without AVX-512, at about half the speed: unset OPENBLAS_CORETYPE, or set it to SkylakeX"
	}
	return ""
}

// A Peer is another program that runs the same cases on the same inputs, peers/torch_ops.py. It
// lives through a run and is asked case by case, so that its samples alternate with ours. Its
// results are judged by the same definitions as ours are.
type Peer struct {
	PeerInfo
	err     error // that ended it
	timeout time.Duration
	ctx     context.Context // of the run

	cmd    *exec.Cmd
	script string
	in     io.WriteCloser
	lines  chan []byte // closed at its end
	stderr tail

	loaded []*peerTrial // of the case that is under way
	result *Result      // of the last of them
}

// A peerTrial holds a peer's result and samples of a case or, of a training, of one rule.
type peerTrial struct {
	*Result
	seen []float64 // samples
}

// OpenTorch starts torch_ops.py, which lives until Close or until ctx is done. The error wraps [ErrNoPeer] where no
// interpreter has torch.
func OpenTorch(ctx context.Context, o PeerOptions) (*Peer, error) {
	python, err := findTorch(ctx, o.Python)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "torch_ops-*.py")
	if err != nil {
		return nil, err
	}
	_, err = f.Write(torchOps)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return nil, err
	}
	if o.Device == "" {
		o.Device = "auto"
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	p, err := startPeer(ctx, exec.Command(python, f.Name(), o.Device, fmt.Sprint(o.Threads), map[bool]string{true: "tf32", false: "float32"}[o.TF32]), f.Name())
	if err != nil {
		return nil, fmt.Errorf("torch: %w", err)
	}
	p.Name, p.Python = "torch", python
	return p, nil
}

// findTorch returns the first interpreter that imports torch.
func findTorch(ctx context.Context, python string) (string, error) {
	tries := []string{"python3", "/usr/bin/python3"}
	if python != "" {
		tries = []string{python}
	}
	var why []string
	for _, t := range tries {
		out, err := exec.CommandContext(ctx, t, "-c", "import torch").CombinedOutput()
		if err == nil {
			return t, nil
		}
		words := err.Error()
		if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); lines[len(lines)-1] != "" {
			words = lines[len(lines)-1]
		}
		why = append(why, t+": "+words)
	}
	return "", fmt.Errorf("%w: no python3 here has torch (%s)", ErrNoPeer, strings.Join(why, "; "))
}

// startPeer starts cmd, removes script when it has ended, and waits for its greeting.
func startPeer(ctx context.Context, cmd *exec.Cmd, script string) (*Peer, error) {
	p := &Peer{cmd: cmd, script: script, lines: make(chan []byte), timeout: time.Minute, ctx: ctx}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, cmd.Stderr = in, &p.stderr
	if err := cmd.Start(); err != nil {
		os.Remove(script)
		return nil, err
	}
	go p.listen(out)
	var hello struct {
		PeerInfo
		Error string
	}
	if err := p.hear(&hello, p.timeout); err != nil {
		os.Remove(script)
		return nil, err
	}
	if hello.Error != "" {
		p.Close()
		return nil, errors.New(hello.Error)
	}
	p.PeerInfo = hello.PeerInfo
	return p, nil
}

// listen passes lines on until the end of out.
func (p *Peer) listen(out io.Reader) {
	defer close(p.lines)
	for s := bufio.NewReader(out); ; {
		line, err := s.ReadBytes('\n')
		if err != nil {
			return
		}
		p.lines <- line
	}
}

// Close ends the program.
func (p *Peer) Close() error {
	p.end(errors.New("closed"))
	return os.Remove(p.script)
}

// end kills the program if it still lives, and keeps why as the Peer's first failure, with the
// last that the program said.
func (p *Peer) end(why error) {
	if p.err != nil {
		return
	}
	p.in.Close()
	p.cmd.Process.Kill()
	for range p.lines {
	}
	p.cmd.Wait() // it was killed, and that is what Wait says
	p.err = fmt.Errorf("%w%s", why, p.stderr.said())
}

func (p *Peer) info() compute.Info {
	i := compute.Info{Backend: p.Name + "-" + p.Where, Device: p.Device, Driver: p.program()}
	if p.Where == "cuda" {
		i.Driver += map[bool]string{true: ", TF32 on", false: ", TF32 off"}[p.TF32]
	}
	return i
}

// ask sends one request and waits for its answer, for a while. The first failure is kept.
func (p *Peer) ask(request, answer any, timeout time.Duration) error {
	if p.ctx.Err() != nil {
		p.end(errInterrupted)
	}
	if p.err != nil {
		return p.err
	}
	b, err := json.Marshal(request)
	if err == nil {
		_, err = p.in.Write(append(b, '\n'))
	}
	if err != nil {
		p.end(fmt.Errorf("the program takes no more requests: %w", err))
		return p.err
	}
	return p.hear(answer, timeout)
}

// hear waits for one line, and decodes it.
func (p *Peer) hear(answer any, timeout time.Duration) error {
	late := time.NewTimer(timeout)
	defer late.Stop()
	var why error
	select {
	case line, ok := <-p.lines:
		if !ok {
			why = errors.New("the program ended")
		} else if err := json.Unmarshal(line, answer); err != nil {
			why = fmt.Errorf("the program answered %.80q, want JSON: %w", line, err)
		}
	case <-p.ctx.Done():
	case <-late.C:
		why = fmt.Errorf("the program gave no answer within %v", timeout)
	}
	if p.ctx.Err() != nil { // by a Ctrl-C, which ended the program too
		why = errInterrupted
	}
	if why != nil {
		p.end(why)
	}
	return p.err
}

// A refusal is an answer in place of another one.
type refusal struct {
	Error string // it could not
	Skip  string // it has too little memory
}

type attempt struct {
	Expr    string
	Values  []*float32 // null: not a finite number
	Seconds float64
}

// load has the peer make the case, and verifies every way of writing it, into r.
func (p *Peer) load(c *problem, r Result) {
	tried := p.make(r, request(c.description, c.seed, c.at))
	if tried == nil {
		return
	}
	if p.TF32 {
		p.result.Sample = "no element, since TF32 is not float32"
		return
	}
	want, err := c.wantOfPeer()
	if err != nil {
		p.fail(err.Error())
		return
	}
	p.judge(c.at, want, tried)
	p.result.Sample = fmt.Sprintf("%d elements, of each way of writing it, on real numbers", len(c.at))
}

// loadTraining has the peer make the network of t and a rule, which must have as many parameters as ours.
func (p *Peer) loadTraining(t *trainingProblem, rule string, r Result) {
	tried := p.make(r, request(t.describe(rule), t.stream, []int{0}))
	if tried == nil {
		return
	}
	p.judge([]int{0}, []compute.Val{{X: float64(t.parameters)}}, tried)
	p.result.Verified, p.result.Sample = 0, "no element; its parameters are as many as ours"
}

// request asks for a case.
func request(d description, seed uint32, at []int) any {
	return map[string]any{"do": "load", "op": d.op, "work": d.told(), "seed": seed, "at": at}
}

// make has the peer make a case, and returns the values of every way of writing it, or nil.
func (p *Peer) make(r Result, request any) []attempt {
	if p.err != nil {
		return nil
	}
	p.result = &r
	p.loaded = append(p.loaded, &peerTrial{Result: &r})
	var answer struct {
		refusal
		Tried  []attempt
		Chosen int
	}
	if err := p.ask(request, &answer, 2*p.timeout); err != nil {
		p.result.fail(err)
		return nil
	}
	if p.refused(answer.refusal) {
		return nil
	}
	if answer.Chosen < 0 || answer.Chosen >= len(answer.Tried) {
		p.fail(fmt.Sprintf("it chose expression %d of %d", answer.Chosen, len(answer.Tried)))
		return nil
	}
	for i, a := range answer.Tried {
		if i == answer.Chosen {
			r.Expr = a.Expr
		} else {
			r.Alternatives = append(r.Alternatives, Alternative{a.Expr, a.Seconds})
		}
	}
	return answer.Tried
}

// judge compares the values of each attempt with the wanted ones, at these elements.
func (p *Peer) judge(at []int, want []compute.Val, tried []attempt) {
	var tally compute.Tally
	for _, a := range tried {
		if len(a.Values) != len(want) {
			p.fail(fmt.Sprintf("%d values of %s, want %d", len(a.Values), a.Expr, len(want)))
			return
		}
		for k, v := range a.Values {
			got := float32(math.NaN())
			if v != nil {
				got = *v
			}
			if !tally.Judge(want[k], got) {
				p.result.stop(Failed, fmt.Sprintf("%s: element %d is %g, want %g ± %.2g", a.Expr, at[k], got, want[k].X, want[k].Err))
			}
		}
	}
	p.result.judge(tally)
}

// time takes one round of samples, of each that is loaded.
func (p *Peer) time(limit time.Duration) {
	for i, t := range p.loaded {
		if t.Status != OK {
			continue
		}
		var answer struct {
			refusal
			Seconds []float64
		}
		request := map[string]any{"do": "time", "number": i, "limit": limit.Seconds(), "least": enough / rounds}
		p.result = t.Result
		if err := p.ask(request, &answer, p.timeout+8*limit); err != nil {
			t.fail(err)
		} else if !p.refused(answer.refusal) {
			t.seen = append(t.seen, answer.Seconds...)
		}
	}
}

// drop ends the case.
func (p *Peer) drop() {
	for _, t := range p.loaded {
		if t.Status == OK && len(t.seen) > 0 {
			t.rate(t.seen)
		}
	}
	if p.err == nil {
		p.ask(map[string]any{"do": "drop"}, &struct{}{}, p.timeout)
	}
}

// take returns the next result of the case that was dropped, or nil.
func (p *Peer) take() *Result {
	if len(p.loaded) == 0 {
		return nil
	}
	r := p.loaded[0].Result
	p.loaded = p.loaded[1:]
	return r
}

func (p *Peer) fail(why string) { p.result.stop(Broken, why) }

func (p *Peer) refused(r refusal) bool {
	switch {
	case r.Error != "":
		p.fail(r.Error)
	case r.Skip != "":
		p.result.stop(Skipped, r.Skip)
	}
	return r.Error != "" || r.Skip != ""
}

// A tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-2000):]
	return len(p), nil
}

// said is the last line, as the end of a sentence. It may be asked when the program has ended.
func (t *tail) said() string {
	lines := bytes.Split(bytes.TrimSpace(t.b), []byte("\n"))
	if last := lines[len(lines)-1]; len(last) > 0 {
		return fmt.Sprintf("; it said: %s", last)
	}
	return ""
}
