package raptclient

// order has for each field of a table, by its number, the one that came after it in the object before; 0 stands for the
// begin. The objects of a list have theirs in the same order, so that most names need only be compared with one.
type order []*field

func (d *decoding) order(t *table) order {
	o := d.orders[t]
	if o == nil {
		o = make(order, len(t.fields)+1)
		d.orders[t] = o
	}
	return o
}

// after is the field of a name that comes after another one; nil for a name that the table doesn't have.
func (o order) after(last int, name []byte, t *table) *field {
	if f := o[last]; f != nil && f.name == string(name) {
		return f
	}
	f := t.fields[string(name)]
	if f != nil { // what is unknown comes between, and is looked up each time
		o[last] = f
	}
	return f
}
