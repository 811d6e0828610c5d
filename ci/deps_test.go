// Package ci asserts what no single package can: who imports whom.
package ci

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rules say what each package may import beside the standard library, by path or, ending in "/",
// by prefix; docs/design.md draws it. compute, shaders and internal import nothing; no package but backend
// and those below a backend know a backend.
var rules = map[string][]string{
	"hebb/compute":             {},
	"hebb/compute/computetest": {"hebb/compute"},
	"hebb/shaders":             {},
	"hebb/ci/elsewhere":        {"golang.org/x/tools/"},
	"hebb/internal/atomicfile": {},
	"hebb/internal/count":      {},
	"hebb/internal/figure":     {"gonum.org/v1/plot", "gonum.org/v1/plot/"},
	"hebb/internal/float":      {},
	"hebb/internal/memory":     {},
	"hebb/internal/must":       {},
	"hebb/internal/table":      {},
	"hebb/cpu":                 {"hebb/compute", "hebb/internal/memory", "gonum.org/v1/gonum/", "golang.org/x/sys/"},
	"hebb/gpu":                 {"hebb/compute", "hebb/shaders", "hebb/internal/atomicfile", "github.com/go-gl/"},
	"hebb/backend":             {"hebb/compute", "hebb/cpu", "hebb/gpu"},
	"hebb/nets":                {"hebb/compute", "hebb/internal/count", "hebb/internal/float", "hebb/internal/memory", "hebb/nets/spread"},
	"hebb/nets/stack":          {"hebb/compute", "hebb/nets", "hebb/internal/count"},
	"hebb/nets/credit":         {"hebb/compute", "hebb/internal/float", "hebb/nets", "hebb/nets/stack"},
	"hebb/nets/local":          {"hebb/compute", "hebb/internal/float", "hebb/nets", "hebb/nets/stack"},
	"hebb/nets/targets":        {"hebb/compute", "hebb/internal/float", "hebb/nets", "hebb/nets/stack"},
	"hebb/nets/vision":         {"hebb/compute", "hebb/internal/float", "hebb/nets", "hebb/nets/stack"},
	"hebb/nets/recurrent":      {"hebb/compute", "hebb/nets", "hebb/internal/count"},
	"hebb/nets/perturb":        {"hebb/compute", "hebb/nets"},
	"hebb/nets/attract":        {"hebb/compute", "hebb/nets", "hebb/internal/count"},
	"hebb/nets/settle":         {"hebb/compute", "hebb/nets", "hebb/nets/stack", "hebb/internal/count"},
	"hebb/nets/adapt":          {"hebb/compute", "hebb/nets", "hebb/internal/count"},
	"hebb/nets/reward":         {"hebb/compute", "hebb/nets"},
	"hebb/nets/spiking":        {"hebb/compute", "hebb/internal/count", "hebb/nets"},
	"hebb/nets/develop":        {"hebb/compute", "hebb/nets", "hebb/internal/count", "gonum.org/v1/gonum/"},
	"hebb/nets/grow":           {"hebb/compute", "hebb/nets"},
	"hebb/nets/tasks":          {"hebb/compute", "hebb/nets", "hebb/nets/data", "gonum.org/v1/gonum/"},
	"hebb/nets/nettest":        {"hebb/compute", "hebb/cpu", "hebb/backend", "hebb/nets", "hebb/nets/"},
	"hebb/nets/internal/":      {"hebb/backend", "hebb/compute", "hebb/compute/computetest", "hebb/cpu", "hebb/gpu", "hebb/nets", "hebb/nets/"},
	"hebb/nets/catalogue":      {"hebb/nets", "hebb/nets/", "github.com/BurntSushi/toml"},
	"hebb/nets/data":           {"hebb/internal/count", "hebb/internal/float", "github.com/gofrs/flock", "golang.org/x/image/"},
	"hebb/nets/dependence":     {"hebb/compute", "hebb/internal/count", "hebb/nets/spread"},
	"hebb/nets/spread":         {},
	"hebb/nets/spread/mpi":     {"hebb/nets/spread"},
	"hebb/nets/safetensors":    {"hebb/internal/atomicfile", "hebb/internal/float"},
	"hebb/nets/train": {"hebb/compute", "hebb/internal/", "hebb/nets", "hebb/nets/catalogue", "hebb/nets/data", "hebb/nets/safetensors",
		"hebb/nets/spread", "hebb/nets/stack", "hebb/nets/tasks", "github.com/BurntSushi/toml", "github.com/gofrs/flock"},
	"hebb/nets/train/chart": {"hebb/internal/", "hebb/nets", "hebb/nets/train", "gonum.org/v1/plot", "gonum.org/v1/plot/"},
	"hebb/nets/reproduce":   {"hebb/compute", "hebb/internal/", "hebb/nets", "hebb/nets/", "gonum.org/v1/gonum/"},
	"hebb/bench": {"hebb/compute", "hebb/nets", "hebb/nets/catalogue", "hebb/nets/stack", "hebb/internal/",
		"gonum.org/v1/plot", "gonum.org/v1/plot/", "golang.org/x/perf/"},
	"hebb/bench/plan": {"hebb/compute", "hebb/nets", "hebb/nets/local", "hebb/nets/stack"},
	"hebb/cmd/cli": {"hebb/compute", "hebb/compute/computetest", "hebb/backend", "hebb/nets", "hebb/nets/", "hebb/bench", "hebb/internal/",
		"github.com/spf13/", "github.com/schollz/progressbar/v3", "golang.org/x/term", "gonum.org/v1/gonum/"},
	"hebb/cmd/hebb": {"hebb/cmd/cli"},
	"hebb/ci":       {},
}

// needed are imports without which the drawing would be wrong too.
var needed = map[string][]string{
	"hebb/cpu":        {"hebb/compute"},
	"hebb/gpu":        {"hebb/compute", "hebb/shaders"},
	"hebb/backend":    {"hebb/cpu", "hebb/gpu"},
	"hebb/nets/stack": {"hebb/compute"},
	"hebb/bench":      {"hebb/compute"},
	"hebb/cmd/cli":    {"hebb/backend", "hebb/nets/train", "hebb/bench"},
}

type pkg struct {
	ImportPath string
	Imports    []string // of the files that are not tests
}

// list is go list of the module as it builds with these tags.
func list(t *testing.T, cgo, tags string) (all []pkg) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "-tags", tags, "./...")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImports(t *testing.T) {
	for _, build := range []struct{ cgo, tags string }{
		{"1", ""}, {"1", "noglfw"}, {"1", "nogpu"}, {"1", "mpi"}, {"0", ""},
	} {
		seen := 0
		for _, p := range list(t, build.cgo, build.tags) {
			seen++
			for _, fault := range faults(p, build.cgo == "1" && build.tags == "") {
				t.Errorf("CGO_ENABLED=%s -tags %q: %s", build.cgo, build.tags, fault)
			}
		}
		if seen < len(needed) {
			t.Errorf("go list found %d packages, want all of the module", seen)
		}
	}
}

// faults holds p against the rules; whole says that no part of the module was left out of the build.
func faults(p pkg, whole bool) (all []string) {
	may, known := rules[p.ImportPath]
	for prefix, m := range rules {
		if strings.HasSuffix(prefix, "/") && strings.HasPrefix(p.ImportPath, prefix) {
			may, known = m, true
		}
	}
	if !known {
		return []string{p.ImportPath + " is not in the table of ci/deps_test.go: who may import it, and what may it import?"}
	}
	for _, i := range p.Imports {
		if !standard(i) && !slices.ContainsFunc(may, func(m string) bool {
			return i == m || strings.HasSuffix(m, "/") && strings.HasPrefix(i, m)
		}) {
			all = append(all, p.ImportPath+" imports "+i+", may import the standard library and "+strings.Join(may, ", "))
		}
	}
	for _, n := range needed[p.ImportPath] {
		if whole && !slices.Contains(p.Imports, n) {
			all = append(all, p.ImportPath+" does not import "+n)
		}
	}
	return all
}

// standard reports whether path is of the standard library: no dot in its first element, as in
// a module's, and not ours.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != "hebb" && !strings.Contains(first, ".")
}

// TestFaultsAreSeen: the check must be able to fail.
func TestFaultsAreSeen(t *testing.T) {
	for _, p := range []pkg{
		{"hebb/compute", []string{"fmt", "gonum.org/v1/gonum/blas"}},
		{"hebb/nets/stack", []string{"hebb/compute", "hebb/cpu"}},
		{"hebb/bench", []string{"hebb/compute", "hebb/backend"}},
		{"hebb/cpu", []string{"hebb/compute", "hebb/gpu"}},
		{"hebb/gpu", []string{"hebb/compute", "hebb/shaders", "hebb/cpu"}},
		{"hebb/backend", []string{"hebb/cpu"}},
		{"hebb/util", nil},
	} {
		if len(faults(p, true)) != 1 {
			t.Errorf("%v: found %q, want one fault", p, faults(p, true))
		}
	}
}

// methods are names of ways to learn: what the floor and the runs of all systems know nothing of.
var methods = regexp.MustCompile(`(?i)hsic|hebbian alignment|feedback ?alignment|kolen|mirror|\brflo\b|tbptt|rtrl|uoro|eprop|hopfield|sanger|\boja|contrastive|equilibrium|bottleneck|linsker|target propagation|recirculation|synthetic gradient`)

// TestFloor: no file of package nets itself, nor of nets/train but its tests, names a method of learning.
func TestFloor(t *testing.T) {
	for _, dir := range []string{"../nets", "../nets/train"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, files, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if found := methods.Find(text); found != nil && !strings.HasSuffix(f, "_test.go") {
				t.Errorf("%s names %q, which is a method: it belongs into a room of its own", f, found)
			}
		}
	}
	if !methods.MatchString("an HSICLoss") {
		t.Error("the check cannot see a method")
	}
}
