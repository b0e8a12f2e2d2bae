package dotenv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/dotenv"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []dotenv.Variable
	}{
		{"nothing", "", nil},
		{"plain", "A=b\nC = d \n", []dotenv.Variable{{"A", "b"}, {"C", "d"}}},
		{"empty values", "A=\nB=''\nC=c", []dotenv.Variable{{"A", ""}, {"B", ""}, {"C", "c"}}},
		{"an equals sign in a value", "A=b=c==", []dotenv.Variable{{"A", "b=c=="}}},
		{"comments", "# A=b\n\nB=c # d\nC='e # f' # g", []dotenv.Variable{{"B", "c"}, {"C", "e # f"}}},
		{"export", "export A = b", []dotenv.Variable{{"A", "b"}}},
		{"quotes over lines", "A=\"b\nc\"\nD=`e\n'f\"`", []dotenv.Variable{{"A", "b\nc"}, {"D", "e\n'f\""}}},
		{"escapes in double quotes alone", `A="b\nc"` + "\n" + `D='e\nf'` + "\nG=h\\ni",
			[]dotenv.Variable{{"A", "b\nc"}, {"D", `e\nf`}, {"G", `h\ni`}}},
		{"a quote that nothing ends", "A=\"\nB=c\nD", []dotenv.Variable{{"A", `"`}, {"B", "c"}}},
		{"returns", "A=b\r\nC=d\r\n", []dotenv.Variable{{"A", "b"}, {"C", "d"}}},
		{"a name twice", "A=b\nA=c", []dotenv.Variable{{"A", "b"}, {"A", "c"}}},
		{"no assignment", "A\nB=c\nD", []dotenv.Variable{{"B", "c"}}},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, dotenv.Parse(test.text)) })
	}
}

func FuzzParse(f *testing.F) {
	f.Add("A=\"b\nc\"\nexport D = `e`#")
	f.Fuzz(func(t *testing.T, text string) { dotenv.Parse(text) })
}
