//go:build !linux

package sqlite

import "testing"

// unprivileged runs fn; tests are not run as root here.
func unprivileged(_ *testing.T, _ string, fn func()) { fn() }
