package main

import (
	"context"
	"fmt"
	"os"

	"shouwang/app"
	"shouwang/domain/registry"
	"shouwang/platform/journal"
	"shouwang/platform/store"
	"shouwang/platform/tally"
)

type audit struct {
	Verify auditVerify `cmd:"" help:"Prove the journal whole, or name the first line that is not."`
}

type auditVerify struct {
	Where
	From string `type:"existingfile" help:"A checkpoint kept elsewhere; without one, lines cut off or sealed anew cannot be noticed."`
}

func (v auditVerify) Run(ctx context.Context) error {
	a, err := app.Open(ctx, v.config(false))
	if err != nil {
		return err
	}
	defer a.Close()
	var kept []journal.Checkpoint
	if v.From != "" {
		text, err := os.ReadFile(v.From)
		if err != nil {
			return err
		}
		c, err := journal.ParseCheckpoint(string(text))
		if err != nil {
			return err
		}
		kept = []journal.Checkpoint{c}
	} else if kept, err = journal.Latest(ctx, a.DB); err != nil {
		return err
	}
	for _, c := range kept {
		report, err := journal.Verify(ctx, a.DB, c.County, c)
		if err != nil {
			return err
		}
		if !report.Whole {
			b := report.Broken
			return fmt.Errorf("日志不完整（%s）：%s 的第 %d 至 %d 行，行号 %d", b.Why, c.County, b.First, b.Last, b.LineID)
		}
		fmt.Print(report.Now)
	}
	return nil
}

type doctor struct{ Where }

// Run compares kept figures with the rows and looks at what an operator must
// know: jobs that failed, figures that drifted, the key's place.
func (d doctor) Run(ctx context.Context) error {
	a, err := app.Open(ctx, d.config(false))
	if err != nil {
		return err
	}
	defer a.Close()
	failed, err := store.One[int](ctx, a.DB, `select count(*) from jobs_job where state = 'failed'`)
	if err != nil {
		return err
	}
	fmt.Printf("失败的后台任务：%d\n", failed)
	want, err := registry.Recount(ctx, a.DB)
	if err != nil {
		return err
	}
	drift := 0
	for k, n := range want {
		figures, err := tally.Read(ctx, a.DB, k.Name, k.Region)
		if err != nil {
			return err
		}
		got := 0
		for _, f := range figures {
			if f.Part == k.Part {
				got = f.N
			}
		}
		if got != n && k.Name != registry.FigureClause {
			drift++
			fmt.Printf("数字不符：%s %s %s 记为 %d，实数 %d\n", k.Name, k.Region, k.Part, got, n)
		}
	}
	fmt.Printf("核对了 %d 个数字，不符 %d 个。\n", len(want), drift)
	if d.Data == "" && d.Key == "" {
		fmt.Println("提醒：安装密钥与数据在同一块盘上。请把 .key 文件另存一份，最好放在别的设备。")
	}
	if failed+drift > 0 {
		return fmt.Errorf("有 %d 处需要处理", failed+drift)
	}
	return nil
}
