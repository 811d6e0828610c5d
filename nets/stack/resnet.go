package stack

import (
	"fmt"

	"hebb/compute"
)

// resnet returns a residual network, or nil where there is none of that depth.
func resnet(depth int, stem string, in Shape, classes int) (Spec, error) {
	name := fmt.Sprint("resnet", depth)
	if blocks, ok := map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}}[depth]; ok {
		switch stem {
		case "":
			if stem = "7x7"; in.Height <= 64 && in.Width <= 64 {
				stem = "3x3"
			}
		case "3x3", "7x7":
		default:
			return nil, fmt.Errorf("network %s:%s, want %s:3x3 or %s:7x7", name, stem, name, name)
		}
		return torchResnet(blocks, depth == 50, stem == "7x7", classes), nil
	}
	if depth == 8 || depth == 20 || depth == 32 || depth == 56 {
		return noArg(name+":"+stem, stem, smallResnet((depth-2)/6, classes))
	}
	return nil, nil
}

// torchResnet has torchvision's structure and names.
func torchResnet(blocks []int, bottleneck, large bool, classes int) Spec {
	s := Stack{Conv{Name: "conv1", Units: 64, Window: 3, Pad: 1, Init: FanOut}}
	if large {
		s[0] = Conv{Name: "conv1", Units: 64, Window: 7, Stride: 2, Pad: 3, Init: FanOut}
	}
	s = append(s, BatchNorm{Name: "bn1", Act: compute.ReLU})
	if large {
		s = append(s, Pool{Name: "maxpool", Pooling: compute.MaxPool, Window: 3, Stride: 2, Pad: 1})
	}
	in := 64
	for stage, n := range blocks {
		units := 64 << stage
		for i := range n {
			stride := 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			block := basicBlock(in, units, stride)
			out := units
			if bottleneck {
				block, out = bottleneckBlock(in, units, stride), 4*units
			}
			block.Name = fmt.Sprintf("layer%d.%d", stage+1, i)
			s, in = append(s, block), out
		}
	}
	return append(s, Pool{Name: "avgpool", Pooling: compute.AveragePool}, Flatten{}, Dense{Name: "fc", Units: classes})
}

// smallResnet is the residual network of He et al. 2016, §4.2, of 6n+2 layers, with the names of torchResnet; where
// the number of channels changes, the way around is a 1×1 convolution.
func smallResnet(n, classes int) Spec {
	s := Stack{
		Conv{Name: "conv1", Units: 16, Window: 3, Pad: 1, Init: FanOut},
		BatchNorm{Name: "bn1", Act: compute.ReLU},
	}
	in := 16
	for stage := range 3 {
		for i := range n {
			stride := 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			block := basicBlock(in, 16<<stage, stride)
			block.Name = fmt.Sprintf("layer%d.%d", stage+1, i)
			s, in = append(s, block), 16<<stage
		}
	}
	return append(s, Pool{Name: "avgpool", Pooling: compute.AveragePool}, Flatten{}, Dense{Name: "fc", Units: classes})
}

func basicBlock(in, units, stride int) Residual {
	return Residual{
		Act: compute.ReLU,
		Main: Stack{
			Conv{Name: "conv1", Units: units, Window: 3, Stride: stride, Pad: 1, Init: FanOut},
			BatchNorm{Name: "bn1", Act: compute.ReLU},
			Conv{Name: "conv2", Units: units, Window: 3, Pad: 1, Init: FanOut},
			BatchNorm{Name: "bn2"},
		},
		Skip: shortcut(in, units, stride),
	}
}

func bottleneckBlock(in, units, stride int) Residual {
	return Residual{
		Act: compute.ReLU,
		Main: Stack{
			Conv{Name: "conv1", Units: units, Window: 1, Init: FanOut},
			BatchNorm{Name: "bn1", Act: compute.ReLU},
			Conv{Name: "conv2", Units: units, Window: 3, Stride: stride, Pad: 1, Init: FanOut},
			BatchNorm{Name: "bn2", Act: compute.ReLU},
			Conv{Name: "conv3", Units: 4 * units, Window: 1, Init: FanOut},
			BatchNorm{Name: "bn3"},
		},
		Skip: shortcut(in, 4*units, stride),
	}
}

// shortcut is the way around a block: nothing, or a 1×1 convolution where the shape changes.
func shortcut(in, out, stride int) Stack {
	if in == out && stride == 1 {
		return nil
	}
	return Stack{Conv{Units: out, Window: 1, Stride: stride, Init: FanOut}, BatchNorm{}}
}
