package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// resnet returns a residual network, or nil where there is none of that depth.
func resnet(depth int, stem string, in nets.Shape, classes int) (Spec, error) {
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
	if bottleneck {
		s = append(s, stages(blocks, 64, 64, 4, bottleneckBlock)...)
	} else {
		s = append(s, stages(blocks, 64, 64, 1, basicBlock)...)
	}
	return append(s, Pool{Name: "avgpool", Pooling: compute.AveragePool}, Flatten{}, Dense{Name: "fc", Units: classes})
}

// stages returns residual blocks in stages. Each stage after the first halves the image and doubles the units of its blocks,
// whose outputs have widen times as many channels.
func stages(blocks []int, in, units, widen int, block func(in, units, stride int) Residual) (s Stack) {
	for stage, n := range blocks {
		for i := range n {
			stride := 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			b := block(in, units<<stage, stride)
			b.Name = fmt.Sprintf("layer%d.%d", stage+1, i)
			s, in = append(s, b), widen*units<<stage
		}
	}
	return s
}

// smallResnet is the residual network of 6n+2 layers of He et al. 2016, §4.2, with torchvision's names. Where the number of
// channels changes, the shortcut is a 1×1 convolution.
func smallResnet(n, classes int) Spec {
	s := Stack{
		Conv{Name: "conv1", Units: 16, Window: 3, Pad: 1, Init: FanOut},
		BatchNorm{Name: "bn1", Act: compute.ReLU},
	}
	s = append(s, stages([]int{n, n, n}, 16, 16, 1, basicBlock)...)
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

// shortcut is the skip connection of a block: the identity, or a 1×1 convolution where the shape changes.
func shortcut(in, out, stride int) Stack {
	if in == out && stride == 1 {
		return nil
	}
	return Stack{Conv{Units: out, Window: 1, Stride: stride, Init: FanOut}, BatchNorm{}}
}
