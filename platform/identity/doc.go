// Package identity reads who somebody is from what people wrote down: the
// citizen's number (公民身份号码, GB 11643-1999), telephones, names, dates, and
// whether two rows of two rosters may be the same child.
//
// Rosters come through spreadsheets, so every reader here first makes the
// text plain (Fold) and then either understands it or says in one Chinese
// sentence why not. Nothing is repaired by guessing: a number a spreadsheet
// has cut is refused as damaged, 3/4/2016 is refused as ambiguous, and two
// likely records go before a person (Compare).
//
// Number and Phone print as their mask wherever they end up (log, error,
// JSON, %+v of a struct around them); the digits leave only through Reveal.
package identity
