"""The handbook as data and machines: model, parse, match, require, conduct, protocol, reply."""
