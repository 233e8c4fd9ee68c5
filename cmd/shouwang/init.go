package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"shouwang/app"
)

type initial struct {
	Where
	County string         `required:"" help:"The county's code, six digits."`
	Set    map[string]int `help:"Decide a number: --set visit.level1=7;visit.level2=30"`
	Yes    bool           `help:"Take every proposal without asking; they become the county's own decisions."`
}

func (i initial) Run(ctx context.Context) error {
	a, err := app.Open(ctx, i.config(true))
	if err != nil {
		return err
	}
	defer a.Close()
	numbers := map[string]int{}
	in := bufio.NewScanner(os.Stdin)
	fmt.Println("方案中“及时”“定期”等没有写数字，以下数值由县里决定，之后可在系统中修改。")
	for _, p := range a.Policy.Pack.Parameters {
		switch value, given := i.Set[p.Key]; {
		case p.Kind != "county":
			continue
		case given:
			numbers[p.Key] = value
		case i.Yes:
			numbers[p.Key] = p.Value
		default:
			fmt.Printf("%s（%s，条款 %s）[建议 %d]：", p.Name, p.Unit, p.Clause, p.Value)
			if !in.Scan() {
				return fmt.Errorf("初始化没有完成：输入中断，什么都没有写入。可以用 --yes 采用全部建议值")
			}
			numbers[p.Key] = p.Value
			if text := strings.TrimSpace(in.Text()); text != "" {
				n, err := strconv.Atoi(text)
				if err != nil {
					return fmt.Errorf("%q 不是整数。什么都没有写入，请重新运行", text)
				}
				numbers[p.Key] = n
			}
		}
	}
	founded, err := a.Found(ctx, app.Founding{County: i.County, Numbers: numbers})
	if err != nil {
		return err
	}
	fmt.Printf("\n已建立 %s。请把下面的激活码分别交给三位管理员本人，30 天内在登录页“激活账号”设置密码：\n\n", founded.County)
	for _, admin := range founded.Admins {
		fmt.Printf("  %-10s %-12s 激活码 %s\n", admin.Username, admin.RoleName, admin.Code)
	}
	fmt.Println("\n安装密钥保存在数据文件旁的 .key 文件中。请立即备份到别处：丢失后所有加密内容无法恢复。")
	return nil
}
