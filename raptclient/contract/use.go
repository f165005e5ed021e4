package contract

// Use is what the client uses of one endpoint.
type Use struct {
	// Endpoint is the path below /api/, Method GET or POST.
	Endpoint, Method string
	// Parameters are the query parameters that it may send.
	Parameters []string
	// Reply is what it reads of the answer; nil where it reads nothing.
	Reply *Shape
}

// Shape is a value as the client expects it.
type Shape struct {
	// Name tells objects apart; empty for what is no object.
	Name string
	// Type is the OpenAPI type; empty for any.
	Type Type
	// Format is uuid or date-time for texts that are read as one; else empty.
	Format string
	// Values are those of an enumeration; nil for none.
	Values []string
	// Fields are the fields of an object, Items the items of a list.
	Fields map[string]*Shape
	Items  *Shape
	// Beyond marks a field that is read although the published contract lacks it.
	Beyond bool
}

// Type is the type of a value, as OpenAPI names it.
type Type string

// The types.
const (
	Any     Type = ""
	Text    Type = "string"
	Number  Type = "number"
	Integer Type = "integer"
	Boolean Type = "boolean"
	Object  Type = "object"
	List    Type = "array"
)
