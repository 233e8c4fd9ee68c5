package main

type imports struct{}
