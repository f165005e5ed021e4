package raptclient

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
)

func TestABodyOfAnyLengthIsReadWhole(t *testing.T) {
	const piece = 1 << 20
	broken := errors.New("broken")
	for _, size := range []int{0, 1, 511, 512, 513, piece - 1, piece, piece + 1, 3*piece + 5} {
		want := bytes.Repeat([]byte("beer"), size/4+1)[:size]
		for _, length := range []int64{-1, int64(size), 1 << 40} {
			got, err := readAll(iotest.HalfReader(bytes.NewReader(want)), length)
			assert.NoError(t, err)
			assert.True(t, bytes.Equal(want, got), "%d bytes", size)
		}
		got, err := readAll(io.MultiReader(bytes.NewReader(want), iotest.ErrReader(broken)), -1)
		assert.ErrorIs(t, err, broken)
		assert.True(t, bytes.Equal(want, got), "%d bytes before it breaks", size)
	}
}
