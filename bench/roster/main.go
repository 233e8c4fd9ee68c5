// Command roster writes a workbook in the shape of the 2016 registration form
// (two header rows, merges of meaning, dates in several shapes, a total row)
// with as many invented children as asked for: what the import is measured and
// tried on.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/xuri/excelize/v2"

	"shouwang/platform/identity"
	"shouwang/platform/region"
)

func main() {
	rows := flag.Int("rows", 40_000, "children")
	out := flag.String("out", "roster.xlsx", "file to write")
	seed := flag.Uint64("seed", 1, "seed of the invention")
	flag.Parse()
	if err := write(*out, *rows, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "roster:", err)
		os.Exit(1)
	}
}

const county = "500235000000"

var (
	surnames = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦傅方白邹孟熊秦邱江尹薛雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤")
	letters  = []rune("伟强磊军洋勇杰涛明超刚平辉浩宇轩梓晨子博文俊泽鑫豪嘉志建国庆芳娜敏静丽艳娟秀兰霞桂英华欣怡诗雅琪悦萱涵雨婷晓燕红梅花思")
	places   = []string{"广东省深圳市", "广东省东莞市", "浙江省温州市", "江苏省苏州市", "福建省泉州市", "重庆市渝北区"}
	groups   = []string{"", "个人信息", "", "", "", "", "", "", "", "", "家庭信息", "", "", "", "", "", "监护信息", "", "", "", "", "", "", "其他", ""}
	headers  = []string{"序号", "姓名", "性别", "民族", "出生日期", "公民身份号码", "户籍所在地", "现居住地", "身体情况", "就学情况", "父亲姓名", "父亲身份证号", "父亲务工地点", "母亲姓名", "母亲身份证号", "母亲务工地点",
		"父母双方同时外出", "一方外出另一方无监护能力", "受委托人姓名", "与儿童关系", "受委托人电话", "监护类型", "是否寄宿", "家庭经济来源", "救助帮扶"}
)

func write(out string, rows int, seed uint64) error {
	all, err := region.Embedded()
	if err != nil {
		return err
	}
	book, err := region.NewBook(all)
	if err != nil {
		return err
	}
	var villages []string
	for _, t := range book.Children(county) {
		for _, v := range book.Children(t.Code) {
			villages = append(villages, "重庆市"+strings.TrimPrefix(book.FullName(v.Code), "重庆市"))
		}
	}
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	line := 0
	put := func(cells ...any) {
		line++
		if err == nil {
			err = w.SetRow(fmt.Sprintf("A%d", line), cells)
		}
	}
	text := func(ss []string) (out []any) {
		for _, s := range ss {
			out = append(out, s)
		}
		return out
	}
	put("农村留守儿童基本情况登记表")
	put("填报单位：云阳县（虚构数据）", "", "", "", "", "", "", "2026年11月")
	put(append([]any{"序号"}, text(groups)[1:]...)...)
	put(append([]any{""}, text(headers)[1:]...)...)
	for _, m := range [][2]string{{"A1", "Y1"}, {"B3", "J3"}, {"K3", "P3"}, {"Q3", "W3"}, {"X3", "Y3"}, {"A3", "A4"}} {
		if err := w.MergeCell(m[0], m[1]); err != nil {
			return err
		}
	}
	r := rand.New(rand.NewPCG(seed, 2016))
	used := map[string]bool{}
	number := func(from, to, odd int) (string, string) {
		for {
			born := fmt.Sprintf("%04d-%02d-%02d", from+r.IntN(to-from+1), 1+r.IntN(12), 1+r.IntN(28))
			n := identity.Invent("500235", born, 2*r.IntN(499)+odd)
			if !used[n] {
				used[n] = true
				return n, born
			}
		}
	}
	name := func() string {
		n := string(surnames[r.IntN(len(surnames))]) + string(letters[r.IntN(len(letters))])
		if r.IntN(4) > 0 {
			n += string(letters[r.IntN(len(letters))])
		}
		return n
	}
	for i := range rows {
		odd := r.IntN(2)
		id, born := number(2011, 2025, odd)
		switch r.IntN(5) {
		case 0:
			born = strings.ReplaceAll(born, "-", ".")
		case 1:
			born = strings.ReplaceAll(born, "-", "")
		case 2:
			born = strings.ReplaceAll(born, "-", "/")
		}
		father, _ := number(1976, 1996, 1)
		mother, _ := number(1976, 1998, 0)
		village := villages[r.IntN(len(villages))]
		both, mothersPlace := "是", places[r.IntN(len(places))]
		if r.IntN(10) == 0 {
			both, mothersPlace = "否", "—"
		}
		other := map[string]string{"是": "否", "否": "是"}[both]
		put(i+1, name(), []string{"女", "男"}[odd], "汉", born, id, village, village, "健康", "小学", name(), father, places[r.IntN(len(places))], name(), mother, mothersPlace,
			both, other, name(), []string{"祖父", "祖母", "外祖父", "外祖母"}[r.IntN(4)], fmt.Sprintf("139%08d", r.IntN(100_000_000)), []string{"监护情况一般", "监护情况较好"}[r.IntN(2)], []string{"是", "否"}[r.IntN(2)], "打工", "无")
		if err != nil {
			return err
		}
	}
	put("合计", fmt.Sprintf("%d人", rows))
	put("说明：本表一式两份。")
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.SaveAs(out)
}
