package main

import (
	"testing"

	"hebb/nets"
	"hebb/nets/nettest"
)

func TestDelta(t *testing.T) {
	nettest.System(t,
		func() nets.System { return &Delta{} },
		func() nets.Task { return &Teacher{Inputs: 5, Examples: 3} })
}
