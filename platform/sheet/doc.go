// Package sheet reads and writes spreadsheets the way Chinese county offices
// send them: title lines above the table, one to three header rows with
// merged cells, identity numbers typed as numbers, subtotals in the middle,
// signatures below. It knows nothing of children: the caller says which
// fields to look for (Field), and gets back which column seems to hold which
// (Table.Columns), for a person to confirm or correct (Table.WithMapping).
//
// The way through:
//
//	Open      what is this file, and is it safe to read?     book.go, zip.go, xml.go, csv.go
//	Tables    where is the table, which column is which?     table.go, header.go
//	Rows      the data rows, one by one, with their numbers  rows.go
//	Writer    workbooks out, formulas made harmless          write.go, inert.go
//	WriteProblems  a workbook for people to fix and return   problems.go
//
// Reading goes over the sheet's XML directly with encoding/xml, not through
// excelize. excelize's Rows gives strings only, without the cell's type or
// style, so an 18-digit number could not be told from text nor a date from a
// count; and it takes damaged XML for the end of the sheet, which would lose
// the second half of a roster without a word. Writing is excelize's
// StreamWriter.
//
// Everything read is held to Limits. Parts of a workbook are inflated as they
// are read, never unpacked; only the shared strings stay in memory, within a
// bound.
package sheet
