package print

// RawPDF prints a page that no document would ever give.
var RawPDF = (*Printer).pdf
