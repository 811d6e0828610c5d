package cpu

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"hebb/compute"
)

func describe(m *memory) compute.Info {
	return compute.Info{
		Backend: "cpu",
		Device:  fmt.Sprintf("%s (%d cores)", processor(), runtime.GOMAXPROCS(0)),
		Driver:  driver(),
		Limits: []compute.Limit{
			{Name: "cores", Value: int64(runtime.GOMAXPROCS(0))},
			{Name: "memory", Value: m.budget},
		},
	}
}

// version returns the version of a module that the program was built with.
func version(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return " " + m.Version
		}
	}
	return ""
}
