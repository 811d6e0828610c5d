package compute_test

import "hebb/compute"

// mistaken returns act, or other if act is one.
func mistaken[T comparable](act, one, other T) T {
	if act == one {
		return other
	}
	return act
}

func epilogueMutants() (all []mutant) {
	for name, f := range map[string]func(e *compute.Epilogue){
		"no bias":           func(e *compute.Epilogue) { e.Bias = nil },
		"no activation":     func(e *compute.Epilogue) { e.Act = compute.Identity },
		"no slope":          func(e *compute.Epilogue) { e.Aux, e.Grad = nil, compute.Identity },
		"no leak":           func(e *compute.Epilogue) { e.Act = mistaken(e.Act, compute.LeakyReLU, compute.ReLU) },
		"no leak back":      func(e *compute.Epilogue) { e.Grad = mistaken(e.Grad, compute.LeakyReLU, compute.ReLU) },
		"ReLU for tanh":     func(e *compute.Epilogue) { e.Act = mistaken(e.Act, compute.Tanh, compute.ReLU) },
		"ReLU for SELU":     func(e *compute.Epilogue) { e.Act = mistaken(e.Act, compute.SELU, compute.ReLU) },
		"leak for SELU":     func(e *compute.Epilogue) { e.Act = mistaken(e.Act, compute.SELU, compute.LeakyReLU) },
		"SELU back as tanh": func(e *compute.Epilogue) { e.Grad = mistaken(e.Grad, compute.SELU, compute.Tanh) },
		"no Alpha":          func(e *compute.Epilogue) { e.Alpha = 1 },
		"no Beta":           func(e *compute.Epilogue) { e.Beta = 0 },
		"Beta of 1":         func(e *compute.Epilogue) { e.Beta = min(1, e.Beta) },
	} {
		all = append(all,
			mutant{name, compute.Gemm{}, bent(func(g *compute.Gemm) { f(&g.Epilogue) })},
			mutant{name, compute.Conv{}, bent(func(c *compute.Conv) { f(&c.Epilogue) })},
			mutant{name, compute.ConvInput{}, bent(func(c *compute.ConvInput) { f(&c.Epilogue) })})
	}
	return all
}

// hebbianMutants are mistakes on images alone, and on matrices alone.
func hebbianMutants() (all []mutant) {
	type H = compute.Hebbian
	for name, f := range map[string]func(h *H){
		"no decay":          func(h *H) { h.Decay = 0 },
		"old weights count": func(h *H) { h.Decay = min(h.Decay, 0.9999999) },
		"no bounds":         func(h *H) { h.Lo, h.Hi = 0, 0 },
		"not averaged":      func(h *H) { h.Rate *= float32(h.Y.Len() / h.Y.Cols()) },
		"full for lower":    func(h *H) { h.Mask = mistaken(h.Mask, compute.Lower, compute.Full) },
		"lower for full":    func(h *H) { h.Mask = mistaken(h.Mask, compute.Full, compute.Lower) },
		"diagonal for lower": func(h *H) {
			h.Mask = mistaken(h.Mask, compute.Lower, compute.Diagonal)
		},
		"Y for G": func(h *H) {
			if h.G != nil {
				h.G = h.Y
			}
		},
	} {
		for place, images := range map[string]bool{"": false, " of images": true} {
			all = append(all, mutant{name + place, H{}, bent(func(h *H) {
				if h.OfImages() == images {
					f(h)
				}
			})})
		}
	}
	return append(all,
		mutant{"no rates of their own", H{}, bent(func(h *H) { h.Rates = nil })},
		mutant{"the rate of the first network", H{}, spoilt(func(h H) {
			if h.Rates == nil || h.Keeps() || h.Bounded() {
				return
			}
			for i := range data(h.W) {
				if r := data(h.Rates); r[i*len(r)/h.W.Len()] != 0 {
					data(h.W)[i] *= r[0] / r[i*len(r)/h.W.Len()]
				}
			}
		})},
		mutant{"new weights explain", H{}, around(func(run func(compute.Op), h H) {
			if h.Mask != compute.Full {
				run(h)
				return
			}
			plain := h
			plain.Mask, plain.G = compute.None, nil
			run(plain) // first YᵀX, then the explained part, which the new weights no longer match
			h.Decay = 0
			during(h.X, func(x []float32) { clear(x) }, func() { run(h) })
		})},
		mutant{"the first half of the places alone", H{}, around(func(run func(compute.Op), h H) {
			during(h.Y, func(y []float32) {
				if h.OfImages() {
					clear(y[(len(y)+1)/2:])
				}
			}, func() { run(h) })
		})},
		mutant{"rows for columns in patches", H{}, spoilt(func(h H) {
			if h.OfImages() {
				turned(h.W)(data(h.W))
			}
		})})
}

func gramMutants() []mutant {
	type G = compute.Gram
	return []mutant{
		{"mirror image missing", G{}, around(func(run func(compute.Op), g G) {
			_, _, n, m, _ := g.Dims()
			old := data(g.K)[(n-1)*m]
			if run(g); g.Y == nil && n > 1 {
				data(g.K)[(n-1)*m] = old
			}
		})},
		{"diagonal nearly 1", G{}, spoilt(func(g G) {
			if g.Y == nil && g.Kernel != compute.Linear {
				flip(&data(g.K)[0])
			}
		})},
		bend("the first width for all", func(g *G) { g.Sigma = first(g.Sigma) }),
		bend("σ not scaled by √d", func(g *G) { g.PerDim = false }),
		bend("no centring", func(g *G) { g.Center = compute.Raw }),
		bend("grand for double", func(g *G) { g.Center = mistaken(g.Center, compute.Double, compute.Grand) }),
		bend("linear for cosine", func(g *G) { g.Kernel = mistaken(g.Kernel, compute.Cosine, compute.Linear) }),
	}
}
