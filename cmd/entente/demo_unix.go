//go:build unix && !linux

package main

import "syscall"

// nodeProcess is how the demo starts a node: in a process group of its own, so
// that Ctrl-C reaches the demo alone, which ends its nodes in order. A demo that is
// killed (kill -9) leaves its nodes behind on this system.
func nodeProcess() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
