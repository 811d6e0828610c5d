// Package vision has models of the visual cortex, as layers and networks of package stack.
package vision

import (
	"fmt"
	"strconv"
	"strings"

	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// HMAX is a model of the ventral stream (Riesenhuber and Poggio 1999; Serre, Wolf, Bileschi, Riesenhuber and Poggio
// 2007): layers that match patterns take turns with layers that take the maximum over places, so that what the last one
// makes of an object depends little on where the object is.
//
//	S1   |responses| of Gabor filters of four orientations: band 1 of the sizes 5 and 7, band 2 of 9 and 11   [S1]
//	C1   maxima over both sizes and over 6×6 places, 2 apart, in band 2 over 9×9 places, 3 apart              [C1]
//	S2   distances of patches of C1, 4×4 places × 4 orientations, to templates                                [C2]
//	C2   of each template the largest similarity, exp(−d²/2σ²), over all places of both bands                 [C2]
//
// The templates are patches of C1 of the first batch that is learned from. Nothing else in these layers learns; a fully
// connected layer reads them out. A shift by a multiple of 6 pixels, of which 2 and 3 are divisors, moves the places of
// both bands by whole ones: where the image stays clear of the borders no bit of C2 changes.
//
// Serre et al. have eight bands of larger filters, patches of four sizes and 1000 templates or more.
type HMAX struct {
	Templates int
	Sigma     float32 // σ
}

// DefaultHMAX has 200 templates.
var DefaultHMAX = HMAX{Templates: 200, Sigma: 2}

// About describes the settings that [Parse] reads.
const About = "simple and complex cells (Serre et al. 2007), read out by a fully connected layer: hmax, or hmax:templates=200,sigma=2"

const mostTemplates = 4096

// Check reports a setting that cannot be.
func (h HMAX) Check() error {
	if h.Templates < 1 || h.Templates > mostTemplates {
		return fmt.Errorf("%d templates, want 1 to %d", h.Templates, mostTemplates)
	}
	if !(h.Sigma >= 1e-3 && float.Finite(h.Sigma*h.Sigma)) {
		return fmt.Errorf("sigma %g, want a number of at least 0.001", h.Sigma)
	}
	return nil
}

// Parse returns the network that is named "hmax", with what stands after its colon.
func Parse(arg string, _ nets.Shape, outputs int) (stack.Spec, error) {
	h := DefaultHMAX
	for option := range strings.SplitSeq(arg, ",") {
		key, value, _ := strings.Cut(option, "=")
		var err error
		switch key {
		case "templates":
			h.Templates, err = strconv.Atoi(value)
		case "sigma":
			var sigma float64
			sigma, err = strconv.ParseFloat(value, 32)
			h.Sigma = float32(sigma)
		default:
			if arg != "" {
				err = fmt.Errorf("want templates or sigma")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("network hmax:%s: %q: %w", arg, option, err)
		}
	}
	if err := h.Check(); err != nil {
		return nil, fmt.Errorf("network hmax:%s: %w", arg, err)
	}
	return stack.Stack{h.Features(), stack.Dense{Name: "fc", Units: outputs}}, nil
}

// Features returns the layers up to C2.
func (h HMAX) Features() stack.Spec {
	band := func(window, stride int, sizes ...int) stack.Stack {
		return stack.Stack{S1{Name: "s1", Orientations: 4, Sizes: sizes}, C1{Name: "c1", Sizes: len(sizes), Window: window, Stride: stride}}
	}
	return C2{Name: "c2", Bands: []stack.Stack{band(6, 2, 5, 7), band(9, 3, 9, 11)}, Templates: h.Templates, Window: 4, Sigma: h.Sigma}
}
