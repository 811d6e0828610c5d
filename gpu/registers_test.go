package gpu

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"hebb/internal/must"
	"hebb/shaders"
)

// A cost is what a compiler says of a kernel.
type cost struct {
	registers, shared, instructions, waves int
	spills                                 bool
}

// A foreign is a compiler for GPUs that need not be there: Mesa's RADV.
type foreign struct{ dir, glslc, program, driver string }

// newForeign returns the compiler, or skips the test where it is not installed: NEED_RADV forbids that.
func newForeign(t *testing.T) *foreign {
	t.Helper()
	drivers, err := filepath.Glob("/usr/share/vulkan/icd.d/radeon_icd*.json")
	must.Do(t, err)
	f := &foreign{dir: t.TempDir(), driver: strings.Join(drivers, ":")}
	f.program = filepath.Join(f.dir, "registers")
	glslc, err := exec.LookPath("glslc")
	f.glslc = glslc
	out := []byte("no driver")
	if err == nil && len(drivers) > 0 {
		out, err = exec.Command(cmp.Or(os.Getenv("CC"), "cc"), "-O1", "testdata/registers.c", "-lvulkan", "-o", f.program).CombinedOutput()
	}
	switch missing := err != nil || len(drivers) == 0; {
	case missing && os.Getenv("NEED_RADV") != "":
		t.Fatalf("%v: %.1000s", err, out)
	case missing:
		t.Skipf("no RADV: packages mesa-vulkan-drivers, libvulkan-dev and glslc: %v", err)
	}
	return f
}

// translate returns the files of all kernels in SPIR-V, by as many processes as there are processors: one starts for 0.2 s.
func (f *foreign) translate(kernels []kernel) ([]string, error) {
	files := make([]string, len(kernels))
	for i, k := range kernels {
		text, err := shaders.Source(k.file, k.list()...)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%s-%d.comp", k.file, i)
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(strings.Replace(text, "#version 430", "#version 450", 1)), 0o600); err != nil {
			return nil, err
		}
		files[i] = name
	}
	parts := slices.Collect(slices.Chunk(files, 1+len(files)/runtime.GOMAXPROCS(0)))
	errs := make([]error, len(parts))
	var all sync.WaitGroup
	for i, part := range parts {
		all.Go(func() { errs[i] = f.spirv(part) })
	}
	all.Wait()
	for i, name := range files {
		files[i] = filepath.Join(f.dir, name+".spv")
	}
	return files, cmp.Or(errs...)
}

// spirv translates files, each to one beside it.
func (f *foreign) spirv(files []string) error {
	// Vulkan has one row of bindings for all kinds of buffers: the arguments go behind the tensors.
	c := exec.Command(f.glslc, append([]string{"-c", "--target-env=vulkan1.1", "-fubo-binding-base", "15"}, files...)...)
	c.Dir = f.dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %.1000s", err, out)
	}
	return nil
}

// costs compiles files for a family of GPUs.
func (f *foreign) costs(family string, files []string) ([]cost, error) {
	c := exec.Command(f.program, files...)
	c.Env = append(os.Environ(), "RADV_FORCE_FAMILY="+family, "VK_ICD_FILENAMES="+f.driver, "MESA_SHADER_CACHE_DISABLE=true")
	var failed bytes.Buffer
	c.Stderr = &failed
	out, err := c.Output()
	device, rest, _ := strings.Cut(string(out), "\n")
	lines := strings.Split(strings.TrimSpace(rest), "\n")
	if err != nil || !strings.Contains(device, family) || len(lines) != len(files) {
		return nil, fmt.Errorf("%d of %d kernels for %s, by %q: %w: %.1000s", len(lines), len(files), family, device, err, failed.String())
	}
	all := make([]cost, len(files))
	for i, line := range lines {
		said := map[string]int{}
		for _, s := range strings.Split(line, "\t") {
			name, n, _ := strings.Cut(s, "=")
			said[name], _ = strconv.Atoi(n) // hashes need not fit
		}
		all[i] = cost{said["VGPRs"], said["LDS size"], said["Instructions"], said["Subgroups per SIMD"],
			said["Spilled VGPRs"]+said["Spilled SGPRs"]+said["Scratch size"] > 0}
		if all[i].registers == 0 || all[i].instructions == 0 {
			return nil, fmt.Errorf("%s says nothing of registers: %.1000s", family, line)
		}
	}
	return all, nil
}

// tileLines are the lines of [dispatch.tile] in a kernel's defines.
var tileLines = regexp.MustCompile(`(?m)^BM \d+\n(.+\n){6}STAGES \d+\n`)

// on returns k on another tile.
func (k kernel) on(t tile) kernel {
	var d dispatch
	d.tile(t)
	k.defines = tileLines.ReplaceAllLiteralString(k.defines, d.defines)
	return k
}

// kind is k's file and what of its defines decides, beside the tile, how many registers it takes. Tiled kernels that
// differ in the rest, which is a finish, the order of a factor in memory and its type there, are of one kind: of the
// 805 of the suite none took over 8 registers more than the one of its kind with the fewest defines (NAVI21, Mesa 22.3).
func (k kernel) kind() string {
	if !tileLines.MatchString(k.defines) {
		return k.file + "\n" + k.defines
	}
	return k.file + strings.Join(deciding.FindAllString(k.defines, -1), "")
}

var deciding = regexp.MustCompile(`(?m)^(HALF \d+|SOURCES .+|OUTS .+|PATCHES_.|ADJOINT|PHASES|SYMMETRIC|DIAGONAL|CROSS|VEC.*)$`)

// defaults returns the kernels that a device may be given of which nothing was measured: all without a tile that the
// suite's plans have, and those with one, one of each kind, on the tile that takes the most registers of all that the
// model of time chooses.
func defaults(t *testing.T) (all []kernel) {
	kinds := map[string]kernel{}
	for _, paper := range must.Get(planned())(t) {
		for _, l := range paper.plans {
			for _, d := range l.dispatches {
				k, before := d.kernel, kinds[d.kind()]
				if paper.rung == "" && (before.file == "" || k.simpler(before)) {
					kinds[k.kind()] = k
				}
			}
		}
	}
	largest := func(some []tile) tile {
		return slices.MaxFunc(some, func(a, b tile) int { return cmp.Compare(a.registers(), b.registers()) })
	}
	product, pair := largest(chosenTiles()), largest(pairTiles)
	for _, k := range kinds {
		if t := product; tileLines.MatchString(k.defines) {
			if strings.Contains(k.defines, "SOURCES") {
				t = pair
			}
			k = k.on(t)
		}
		all = append(all, k)
	}
	return all
}

// simpler orders kernels of a kind.
func (k kernel) simpler(than kernel) bool {
	return cmp.Or(cmp.Compare(len(k.defines), len(than.defines)), cmp.Compare(k.defines, than.defines)) < 0
}

// chosenTiles returns all tiles that the model chooses for some product on some device.
func chosenTiles() (all []tile) {
	for _, c := range []chip{measuredChip, otherChip} {
		for _, processors := range []int{1, 8, 64, 132} {
			p := desk("", func(p *planner) { p.processors, p.chip = processors, c })
			for m := int32(16); m <= 1<<14; m *= 2 {
				for n := int32(16); n <= 1<<14; n *= 2 {
					for k := int32(16); k <= 1<<16; k *= 64 {
						if best := p.ways(&args{Batch: 1, M: m, N: n, K: k}, tiling{})[0].tile; !slices.Contains(all, best) {
							all = append(all, best)
						}
					}
				}
			}
		}
	}
	return all
}

// baseline returns the kernel of C = A·B on a tile, four numbers at a time.
func baseline(t tile) kernel {
	d := dispatch{kernel: kernel{file: "gemm"}}
	d.tile(t)
	d.define(true, "VEC")
	return d.kernel
}

// families are GPUs for which RADV compiles: RDNA 2, and GCN 5 with memory of its own and with the host's.
var families = []string{"NAVI21", "VEGA20", "RAVEN"}

// TestRegisters: no kernel of a device of which nothing was measured spills registers to memory, nor does a product on
// any tile; and a tile that must spill is seen to. Registers and shared memory are about what the model of time takes
// them to be. With -v it prints them.
func TestRegisters(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	planted := tile{256, 256, 4, 16, 16, 0, 1}
	kernels := []kernel{baseline(planted)}
	for _, x := range tiles {
		kernels = append(kernels, baseline(x))
	}
	kernels = append(kernels, defaults(t)...)
	files := must.Get(f.translate(kernels))(t)
	found, errs := make([][]cost, len(families)), make([]error, len(families))
	var all sync.WaitGroup
	for i, family := range families {
		all.Go(func() { found[i], errs[i] = f.costs(family, files) })
	}
	all.Wait()
	must.Do(t, cmp.Or(errs...))
	for i, family := range families {
		if !found[i][0].spills {
			t.Errorf("%s: tile %s with %d sums a thread does not spill", family, planted.name(), planted.tm*planted.tn)
		}
		for j, c := range found[i][1:] {
			if k := kernels[j+1]; c.spills {
				t.Errorf("%s: %s %v spills registers", family, k.file, k.list())
			}
		}
		for j, x := range tiles {
			c := found[i][1+j]
			if off := c.registers - x.registers(); 4*max(off, -off) > c.registers {
				t.Errorf("%s: tile %s takes %d registers, %d by the model", family, x.name(), c.registers, x.registers())
			}
			if off := c.shared - x.shared(); off < 0 || off >= 1024 {
				t.Errorf("%s: tile %s takes %d bytes of shared memory, %d by the model", family, x.name(), c.shared, x.shared())
			}
		}
	}
	t.Logf("%d kernels\n%s", len(kernels)-1, inTable(found))
}

// inTable returns a table of tiles: the registers and instructions of a product's thread, the waves of 64 that a SIMD of
// VEGA20 has at a time, and what the model takes registers and threads of a processor to be.
func inTable(found [][]cost) string {
	var b strings.Builder
	b.WriteString("| tile | shared | NAVI21 | VEGA20, RAVEN | waves | by the model | threads |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for j, x := range tiles {
		navi, vega := found[0][1+j], found[1][1+j]
		fmt.Fprintf(&b, "| `%s` | %.1f KiB | %d, %d | %d, %d | %d | %d | %.0f |\n", x.name(), float64(x.shared())/1024,
			navi.registers, navi.instructions, vega.registers, vega.instructions, vega.waves, x.registers(), otherChip.busy(x, math.Inf(1)))
	}
	return b.String()
}
