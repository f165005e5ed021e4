// Package contract compares what the client uses of the API with what the API says of itself: its OpenAPI document, in version
// 2 or 3. It is pure: it is given both, and says what is gone, new or of another type.
//
// It must not know how the client reads or asks; [Use] is all that it is told of that.
package contract
