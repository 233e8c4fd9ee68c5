// Package region knows the administrative divisions (行政区划): their codes,
// their history, and how people name them in a roster's cell.
//
// A code has twelve digits, of fixed width: province 2, prefecture 4, county
// 6, town 9 (GB/T 2260, GB/T 10114), village 12 (the statistical bureau's);
// what a division does not use is zeros. So "everything inside" is a prefix,
// and in a table a range of bytes (Bounds): that is how what an officer may
// see is compared, without any collation.
//
// Book holds divisions and their history; Embedded gives the country down
// to counties and one county down to villages. Resolver turns words into a
// code and never guesses: a name that two towns have comes back with both.
package region
