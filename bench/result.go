package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"hebb/compute"
	"hebb/internal/float"
)

// A Status is the outcome of a case on one device.
type Status string

const (
	OK      Status = "ok"      // verified and timed
	Failed  Status = "FAILED"  // a result is outside its bound; not timed
	Broken  Status = "error"   // the device or the peer could not run it
	Skipped Status = "not run" // too slow, too large or not asked for any more
)

// A Result is one case on one device: a line of JSON.
type Result struct {
	Suite    string         `json:"suite"`
	Case     string         `json:"case"`
	Op       string         `json:"op"`
	Kind     string         `json:"kind"` // op and variant: "gemm NT", "hebbian oja"
	Backend  string         `json:"backend"`
	Device   string         `json:"device"`
	Driver   string         `json:"driver"`
	Software bool           `json:"software,omitempty"` // a GPU that is a program on the CPU
	Sizes    map[string]int `json:"sizes"`
	Status   Status         `json:"status"`
	Note     string         `json:"note,omitempty"` // the reason, if the status is not ok

	Seconds float64   `json:"seconds,omitempty"` // of one op or training step: the median
	Spread  float64   `json:"spread"`            // interquartile range of the seconds, as a share of their median
	Samples int       `json:"samples,omitempty"`
	Times   []float64 `json:"times,omitempty"` // seconds of each sample, in order, to seven digits; old files have none
	Flops   int64     `json:"flops"`           // of one op or training step, by its formula; an exp is one
	Bytes   int64     `json:"bytes"`           // of one op: each operand read or written once
	Gflops  float64   `json:"gflops,omitempty"`
	Gbps    float64   `json:"gbps,omitempty"`

	Images     float64 `json:"images_per_second,omitempty"` // of training
	VsBackprop float64 `json:"vs_backprop,omitempty"`       // seconds of a step / those of backprop's: the median over samples taken in turns
	Allocs     *int    `json:"allocs,omitempty"`            // times that the timed steps asked for memory

	Share   float64 `json:"share_of_peak,omitempty"` // of the roof: [compute.Peak.Shortest] of the measured [Roof] / Seconds
	BoundBy string  `json:"bound_by,omitempty"`      // compute or memory: the lower roof
	Speedup float64 `json:"speedup,omitempty"`       // CPU seconds / GPU seconds; on the GPU's line
	VsPeer  float64 `json:"vs_peer,omitempty"`       // peer's seconds / ours

	Again []float64 `json:"again,omitempty"` // VsPeer of each run again ([Options.Again]), from the least up; this result is of their median

	Rung    string  `json:"rung,omitempty"`     // of a ladder: how the device was told to run the case
	Chosen  bool    `json:"chosen,omitempty"`   // the device runs the case so by default
	VsBelow float64 `json:"vs_below,omitempty"` // seconds of the rung below / of this one

	PeerTF32 bool   `json:"peer_tf32,omitempty"` // of a run whose peer used TF32
	Allow    string `json:"allow,omitempty"`     // the leeway of a run, as compute.Leeway has it

	Verified int          `json:"verified"`         // elements compared with the definition
	Worst    float.OrText `json:"worst"`            // the largest error among them, in units of its bound
	Sample   string       `json:"sample,omitempty"` // which elements those were

	Expr         string        `json:"expr,omitempty"` // a peer's: what it ran
	Alternatives []Alternative `json:"alternatives,omitempty"`

	Clock  float64  `json:"clock_mhz,omitempty"` // mean of the processors, just after the case; of a CPU that says
	Others *float64 `json:"others,omitempty"`    // share of the machine's cores that other programs had meanwhile; nil where not known

	Date     time.Time `json:"date"`
	Version  string    `json:"hebb"`
	Go       string    `json:"go,omitempty"` // its version, and what for: "go1.26 linux/amd64"
	Procs    int       `json:"gomaxprocs,omitempty"`
	Settings string    `json:"settings,omitempty"` // Options.Settings
}

// reduced reports whether a result is of arithmetic of less precision than float32's, and stands beside the others of its case.
func (r *Result) reduced() bool { return r.PeerTF32 || r.Allow != "" }

// An Alternative is another expression of the same case that a peer has timed once.
type Alternative struct {
	Expr    string  `json:"expr"`
	Seconds float64 `json:"seconds"`
}

// rate fills in the time and the rates from the samples.
func (r *Result) rate(samples []float64) {
	r.Times = make([]float64, len(samples))
	for i, s := range samples {
		r.Times[i], _ = strconv.ParseFloat(strconv.FormatFloat(s, 'g', 7, 64), 64) // what a file has is what counts here too
	}
	median, q1, q3 := summary(r.Times)
	r.Samples = len(samples)
	r.Seconds, r.Spread = median, (q3-q1)/median
	r.Gflops = float64(r.Flops) / median / 1e9
	r.Gbps = float64(r.Bytes) / median / 1e9
}

// judge records the outcome of verification.
func (r *Result) judge(t compute.Tally) {
	r.Verified, r.Worst = t.Judged, float.OrText(t.Worst)
}

// stop sets the status and its reason, unless an earlier failure has.
func (r *Result) stop(s Status, note string) {
	if r.Status == OK {
		r.Status, r.Note = s, note
	}
}

// fail records an error of the device. Too little memory is no fault of anyone's, nor is the end of the run.
func (r *Result) fail(err error) {
	var e *compute.OpError
	switch {
	case err == nil:
	case errors.Is(err, errInterrupted):
		r.stop(Skipped, errInterrupted.Error())
	case errors.As(err, &e) && e.Op == "Tensor":
		r.stop(Skipped, "does not fit the device: "+e.Err.Error())
	default:
		r.stop(Broken, err.Error())
	}
}

// Write writes results as JSON, one object per line.
func Write(w io.Writer, results ...Result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// Read reads the results that [Write] wrote, of this version or of older ones, and passes over each [Standing]. It is an error
// if another line is no result.
func Read(r io.Reader) ([]Result, error) {
	var results []Result
	for dec := json.NewDecoder(r); ; {
		var res struct {
			Result
			Peer string // of a Standing
		}
		err := dec.Decode(&res)
		if errors.Is(err, io.EOF) {
			return results, nil
		}
		if err == nil && res.Peer != "" {
			continue
		}
		if err == nil {
			err = res.check()
		}
		if err != nil {
			return results, fmt.Errorf("bench: result %d: %w", len(results)+1, err)
		}
		results = append(results, res.Result)
	}
}

// check reports what a result cannot be.
func (r *Result) check() error {
	for name, v := range map[string]string{"suite": r.Suite, "case": r.Case, "backend": r.Backend} {
		if v == "" {
			return fmt.Errorf("no %q, want a line that hebb bench --json wrote", name)
		}
	}
	if !slices.Contains([]Status{OK, Failed, Broken, Skipped}, r.Status) {
		return fmt.Errorf("%s: status %q, want ok, FAILED, error or not run", r.Case, r.Status)
	}
	if r.Seconds < 0 {
		return fmt.Errorf("%s: %g seconds, want a time above 0", r.Case, r.Seconds)
	}
	for _, s := range r.Times {
		if s <= 0 {
			return fmt.Errorf("%s: a sample of %g seconds, want times above 0", r.Case, s)
		}
	}
	return nil
}
