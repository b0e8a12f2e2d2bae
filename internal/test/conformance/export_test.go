package conformance

// Mistakes is Check with other behaviours and reasons.
var Mistakes = mistakes
