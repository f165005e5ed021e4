package raptclient

// Null is a value that the cloud may leave out, send as null or send in a wrong type. In all three cases Valid is false
// and V is the zero value of T.
type Null[T any] struct {
	V     T
	Valid bool
}

// Some is the Null that holds v.
func Some[T any](v T) Null[T] { return Null[T]{V: v, Valid: true} }

// Or is the value, or def when there is none.
func (n Null[T]) Or(def T) T {
	if n.Valid {
		return n.V
	}
	return def
}
