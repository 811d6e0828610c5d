package tasks

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
)

// Patches shows patches of photographs in a folder, whitened: what simple cells of the visual cortex may learn from.
// Every step of the way from a file to a row of numbers is here, in [data.ReadPhotograph] and in [Whitenings]:
//
//  1. of each photograph: grey, halved, logarithm, mean 0 and standard deviation 1 ([data.ReadPhotograph]);
//  2. Places patches of Size × Size pixels at random places of each, less their own mean;
//  3. those with a standard deviation above the median of their photograph's, so that blurred background and patches
//     without any contrast are left out; the first Take of them;
//  4. with Contrast above 0, each divided by its standard deviation + Contrast: a few patches of high contrast would else
//     decide what is learned;
//  5. all of them centred and whitened with their own covariance ([Whitenings]).
//
// A learner draws places by its seed. Batches are drawn from the patches with replacement, and nothing is wanted. With
// pca the tensor "fields" turns weights into patterns of pixels, see [Whitening].
//
// A photograph without Take patches above the median, as of large areas of one grey, is an error.
type Patches struct {
	Folder   string   // of photographs
	Images   []string `json:"images" toml:"images"` // names of files in it; none: all
	Size     int      `json:"size" toml:"size"`     // pixels
	Places   int      `json:"places" toml:"places"`
	Take     int      `json:"take" toml:"take"`
	Contrast float32  `json:"contrast" toml:"contrast"`                 // in standard deviations of a photograph; 0: no normalisation
	Whiten   string   `json:"whiten" toml:"whiten"`                     // see [Whitenings]
	Keep     int      `json:"keep" toml:"keep" if:"whiten!=none"`       // components; 0: all
	Epsilon  float32  `json:"epsilon" toml:"epsilon" if:"whiten!=none"` // in variances
	Batch    int      `json:"batch" toml:"batch"`

	pool Pool
}

// mostPatch is the largest size, some ten seconds of preparation for a learner.
const mostPatch = 32

// Check reports an invalid setting.
func (t *Patches) Check() error {
	switch {
	case t.Size < 2 || t.Size > mostPatch:
		return fmt.Errorf("patches: size %d, want 2 to %d pixels: the eigenvectors of size² numbers take size⁶ steps", t.Size, mostPatch)
	case t.Take < 1 || t.Places < 2*t.Take:
		return fmt.Errorf("patches: take %d of %d places, want at least 1, and twice as many places: half are left out", t.Take, t.Places)
	case !(t.Contrast >= 0 && t.Contrast <= math.MaxFloat32):
		return fmt.Errorf("patches: contrast %g, want at least 0", t.Contrast)
	case t.Batch < 1:
		return fmt.Errorf("patches: batch %d, want at least 1", t.Batch)
	}
	if err := checkWhitening(t.Whiten, t.Keep, t.Epsilon, t.Size*t.Size); err != nil {
		return fmt.Errorf("patches: %w", err)
	}
	return nil
}

// numbers is how many numbers a row has.
func (t *Patches) numbers() int {
	if t.Whiten == "pca" && t.Keep > 0 {
		return t.Keep
	}
	return t.Size * t.Size
}

// Build draws the patches and copies them to the device.
func (t *Patches) Build(s *nets.Store) (nets.Spec, error) {
	paths, err := data.Photographs(t.Folder, t.Images)
	if err != nil {
		return nets.Spec{}, err
	}
	d := t.numbers()
	t.pool = Pool{N: len(paths) * t.Take, In: nets.Row(d), Batch: t.Batch}
	var sum uint32
	var fields []float32
	if !s.Device().Staged() {
		if sum, err = data.PhotographsChecksum(paths); err != nil {
			return nets.Spec{}, err
		}
		all, err := t.Draw(context.Background(), s.Seed, s.Learners)
		if err != nil {
			return nets.Spec{}, err
		}
		for _, x := range all {
			t.pool.Rows = append(t.pool.Rows, x.Rows)
			if f := x.Fields; f != nil {
				fields = append(fields, singles(f.RawMatrix().Data)...)
			}
		}
	}
	s.Source("photographs", sum)
	if t.Whiten == "pca" {
		s.Kept("fields", given(fields), d, t.Size*t.Size)
	}
	return t.pool.Build(s)
}

// Show draws a batch for each learner.
func (t *Patches) Show(p *nets.Pass) nets.Moment { return t.pool.Show(p) }

// Judge counts "variance", the mean of ‖answer‖².
func (t *Patches) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	t.pool.Judge(p, m, answer)
}

// DrawnPatches are the patches of a learner.
type DrawnPatches struct {
	Rows []float32 // patches × numbers
	*Whitening
}

// Draw returns the patches of learners whose first has the given seed.
func (t *Patches) Draw(ctx context.Context, seed uint64, learners int) (all []DrawnPatches, err error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	paths, err := data.Photographs(t.Folder, t.Images)
	if err != nil {
		return nil, err
	}
	raw := make([][]float64, learners)
	for _, path := range paths {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		photo, err := data.ReadPhotograph(path)
		if err != nil {
			return nil, err
		}
		for l := range raw {
			more, err := t.cut(photo, nets.Generator(seed+uint64(l), "patches of "+photo.Name))
			if err != nil {
				return nil, fmt.Errorf("patches: %s: %w", path, err)
			}
			raw[l] = append(raw[l], more...)
		}
	}
	for l := range raw {
		white, w, err := Whiten(raw[l], t.Size*t.Size, t.Whiten, t.Keep, t.Epsilon)
		if err != nil {
			return nil, fmt.Errorf("patches: %w", err)
		}
		raw[l] = nil
		all = append(all, DrawnPatches{singles(white), w})
	}
	return all, nil
}

// cut takes patches at random places of a photograph and keeps the ones of the greatest contrast: steps 2 to 4.
func (t *Patches) cut(photo *data.Photograph, r *rand.Rand) (patches []float64, err error) {
	n := t.Size
	if photo.Height < n || photo.Width < n {
		return nil, fmt.Errorf("it is %d high and %d wide when halved, want at least %d, the size of a patch", photo.Height, photo.Width, n)
	}
	places, sds := make([]int, t.Places), make([]float64, t.Places)
	patch := make([]float64, n*n)
	for i := range places {
		places[i] = r.IntN(photo.Height-n+1)*photo.Width + r.IntN(photo.Width-n+1)
		sds[i] = t.at(photo, places[i], patch)
	}
	sorted := slices.Sorted(slices.Values(sds))
	median, taken := (sorted[(len(sds)-1)/2]+sorted[len(sds)/2])/2, 0
	for i := 0; i < len(places) && taken < t.Take; i++ {
		if sds[i] <= median {
			continue
		}
		sd := t.at(photo, places[i], patch)
		for _, v := range patch {
			if t.Contrast > 0 {
				v /= sd + float64(t.Contrast)
			}
			patches = append(patches, v)
		}
		taken++
	}
	if taken < t.Take {
		return nil, fmt.Errorf("%d of %d patches have more contrast than the median, %.3g, want %d: is much of it of one grey?", taken, t.Places, median, t.Take)
	}
	return patches, nil
}

// at reads the patch at a place, less its mean, and returns its standard deviation.
func (t *Patches) at(photo *data.Photograph, place int, patch []float64) (sd float64) {
	n, mean := t.Size, 0.0
	for i := range patch {
		patch[i] = float64(photo.Grey[place+i/n*photo.Width+i%n])
		mean += patch[i] / float64(len(patch))
	}
	for i := range patch {
		patch[i] -= mean
		sd += patch[i] * patch[i] / float64(len(patch))
	}
	return math.Sqrt(sd)
}
