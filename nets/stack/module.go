package stack

import (
	"fmt"

	"hebb/compute"
)

// A Module is a layer with weights and everything after it up to the next weights. It is cut in two at its code: the
// pre-activation, normalised if batch normalisation follows.
//
//	code c = norm(W∗x + b)        [Module.Code], back [Module.CodeBack] and [Weights.Back]
//	output y = pool(act(c))       [Module.Out], back [Module.OutBack]
//
// Each backward method belongs to the latest forward call. In training each call of Code moves the running statistics
// of batch normalisation, as a forward pass does.
type Module struct {
	*Weights

	norm *batchNorm // without its activation; or nil
	act  activation
	rest stack // poolings and similar layers
}

// Modules returns the network as a chain of modules, and an error that names the first layer outside any module: a
// residual block, an ensemble, dropout.
func (n *Net) Modules() (all []*Module, err error) {
	layers, ok := n.root.(stack)
	if !ok {
		return nil, fmt.Errorf("nets: the network is no chain of layers")
	}
	for _, l := range layers {
		var m *Module
		if len(all) > 0 {
			m = all[len(all)-1]
		}
		switch layer := l.Layer.(type) {
		case *Weights:
			all = append(all, &Module{Weights: layer, act: activation{act: layer.Act}})
			continue
		case *flatten:
			if m != nil {
				m.rest = append(m.rest, l)
			}
			continue
		case *batchNorm:
			if m != nil && m.norm == nil && m.act.act == compute.Identity && len(m.rest) == 0 {
				norm := *layer
				norm.act = compute.Identity
				m.norm, m.act.act = &norm, layer.act
				continue
			}
		case *activation:
			if m != nil && m.act.act == compute.Identity && len(m.rest) == 0 {
				m.act.act = layer.act
				continue
			}
		case *pool:
			if m != nil {
				m.rest = append(m.rest, l)
				continue
			}
		}
		return nil, fmt.Errorf("nets: layer %s is %s, want a chain of layers with weights, each followed by its normalisation, activation and pooling at most", l.name, called(l.Layer))
	}
	return all, nil
}

// Code returns the code for an input.
func (m *Module) Code(p *Pass, x *compute.Tensor) *compute.Tensor {
	c := m.Project(p, m.W, x, compute.Epilogue{Alpha: 1, Bias: m.Bias})
	if m.norm != nil {
		c = m.norm.Forward(p, c)
	}
	return c
}

// CodeBack returns the delta at W∗x + b for the delta dc at the code, and sets the gradients of the normalisation.
func (m *Module) CodeBack(p *Pass, dc *compute.Tensor) *compute.Tensor {
	if m.norm != nil {
		return m.norm.Backward(p, dc)
	}
	return dc
}

// Out returns the module's output for a code.
func (m *Module) Out(p *Pass, c *compute.Tensor) *compute.Tensor {
	y := c
	if m.act.act != compute.Identity {
		y = m.act.Forward(p, c)
	}
	return m.rest.Forward(p, y)
}

// OutBack returns the delta at the code for the delta dy at the output.
func (m *Module) OutBack(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return m.act.Backward(p, m.rest.Backward(p, dy))
}

// Normalised reports whether batch normalisation follows the weights.
func (m *Module) Normalised() bool { return m.norm != nil }
