package bench

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hebb/internal/must"
)

// torch computes what hebb computes: every form, rule, kernel and centring, on hebb's own inputs,
// judged by hebb's own definitions.
func TestTorch(t *testing.T) {
	p, err := OpenTorch(context.Background(), PeerOptions{Device: "cpu", Threads: 1})
	skipWithout(t, err)
	defer p.Close()
	r := newRunner(t.Context(), nil, Options{}.withDefaults(nil))
	kinds, done := map[string]bool{}, map[string]bool{}
	for _, c := range mustCases(t, Options{Suites: []string{"product", "hebbian", "gram", "hsic", "pointwise", "layers"}, Batch: 1}) {
		prob := must.Get(newProblem(c, 1, 0))(t)
		key := prob.kind
		kinds[key] = true
		if prob.sizes["batch"] > 1 || prob.sizes["networks"] > 1 {
			key += " batched"
		}
		if prob.sizes["stride"] > 1 {
			key += " with a stride"
		}
		if prob.cost.Flops > 1<<29 || done[key] {
			continue
		}
		done[key] = true
		prob.set(real)
		p.load(prob, r.result(c, prob.description, prob.cost, p.info()))
		p.time(time.Millisecond)
		p.drop()
		res := p.take()
		if res.Status != OK || res.Verified < 64 || !(res.Worst <= 1) || res.Seconds <= 0 || res.Expr == "" {
			t.Errorf("%s: %s %s; %d verified, worst %g, %g s", c.Name, res.Status, res.Note, res.Verified, res.Worst, res.Seconds)
		}
	}
	for k := range kinds {
		if !done[k] && !done[k+" with a stride"] {
			t.Errorf("%s was not compared with torch", k)
		}
	}
	if p.err != nil {
		t.Error(p.err)
	}
}

// skipWithout skips a test for which there is no torch.
func skipWithout(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrNoPeer) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// shellPeer is a peer of a shell script, which begins after the greeting.
func shellPeer(t *testing.T, where, script string) *Peer {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	script = fmt.Sprintf(`echo '{"torch":"0","device":"sh","where":"%s","tf32":%t}'; %s`, where, where == "cuda", script)
	p, err := startPeer(t.Context(), exec.Command(sh, "-c", script), filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	p.Name = "torch"
	return p
}

// A peer that misbehaves costs its own results and no other's.
func TestBadPeer(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"it dies":           {"read x; echo Killed by a test >&2; exit 3", "Killed by a test"},
		"it babbles":        {"read x; echo hello; read x", "want JSON"},
		"it hangs":          {"read x; exec sleep 30", "no answer"},
		"it cannot":         {`while read x; do echo '{"error":"cannot"}'; done`, "cannot"},
		"it is wrong":       {`read x; echo '{"tried":[{"expr":"0","values":[0]}],"chosen":0}'; while read x; do echo '{}'; done`, "1 values of 0"},
		"it chose nonsense": {`read x; echo '{"tried":[],"chosen":4}'; while read x; do echo '{}'; done`, "expression 4 of 0"},
	} {
		t.Run(name, func(t *testing.T) {
			p := shellPeer(t, "cpu", c.script)
			p.timeout = 300 * time.Millisecond
			_, gpu, cpu := world()
			o := Options{MaxCase: time.Second, now: func() time.Time { return *gpu.now }}
			r := newRunner(t.Context(), contenders(gpu, cpu), o)
			var results []Result
			for _, c := range mustCases(t, Options{Suites: []string{"gram"}, Quick: true})[:2] {
				results = append(results, r.measure(c, r.devices, p)...)
			}
			said := ""
			if p.err != nil {
				said = p.err.Error()
			}
			for _, res := range results {
				switch {
				case strings.HasPrefix(res.Backend, "torch"):
					said += res.Note
					if res.Status == OK || res.Seconds > 0 {
						t.Errorf("%s: %+v", res.Case, res)
					}
				case res.Status != OK:
					t.Errorf("%s on %s: %s %s", res.Case, res.Backend, res.Status, res.Note)
				}
			}
			if !strings.Contains(said, c.want) {
				t.Errorf("it said %q, want %q", said, c.want)
			}
		})
	}
}

// TestPeerInterrupted: a peer that has not answered yet is not waited for after a Ctrl-C, and is not to blame.
func TestPeerInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	p := shellPeer(t, "cpu", "read x; exec sleep 30")
	p.ctx = ctx
	time.AfterFunc(100*time.Millisecond, stop)
	start := time.Now()
	p.make(Result{Status: OK}, struct{}{})
	if res := p.take(); res.Status != Skipped || !errors.Is(p.err, errInterrupted) || time.Since(start) > 10*time.Second {
		t.Errorf("%s %s after %v: %v", res.Status, res.Note, time.Since(start), p.err)
	}
	_, gpu, _ := world()
	r := mustRun(t, ctx, Options{Suites: []string{"gram"}, Quick: true, Peer: p}, gpu)
	if r.PeerError != nil {
		t.Errorf("the peer is to blame: %v", r.PeerError)
	}
}

func TestNoTorch(t *testing.T) {
	_, err := OpenTorch(context.Background(), PeerOptions{Python: filepath.Join(t.TempDir(), "python")})
	if !errors.Is(err, ErrNoPeer) {
		t.Errorf("%v, want %v", err, ErrNoPeer)
	}
}

// What a peer computes with TF32 is said to be that, is not judged, and is kept apart.
func TestPeerTF32(t *testing.T) {
	p := shellPeer(t, "cuda", `read x
		echo '{"tried":[{"expr":"0","values":[7]}],"chosen":0}'; while read x; do echo '{"seconds":[1,1,1]}'; done`)
	_, gpu, _ := world()
	r := newRunner(t.Context(), contenders(gpu), Options{MaxCase: time.Second, Peer: p, now: func() time.Time { return *gpu.now }})
	results := r.measure(mustCases(t, Options{Suites: []string{"product"}, Quick: true})[0], r.devices, p)
	if len(results) != 2 {
		t.Fatalf("%d results, want two", len(results))
	}
	for _, c := range results {
		if c.Status != OK || !c.PeerTF32 || c.Seconds <= 0 || (c.Verified == 0) != isPeer(c.Backend) {
			t.Errorf("%+v", c)
		}
	}
	if s := Collect(results).tf32Table(); len(s.Rows) != 1 || !strings.Contains(results[1].Driver, "TF32 on") {
		t.Errorf("%v; driver %q", s.Rows, results[1].Driver)
	}
}
