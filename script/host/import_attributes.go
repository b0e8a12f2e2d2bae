package host

import (
	"fmt"

	"github.com/brood-go/brood/script/engine"
)

// checkAttributes is called by the engine for each import with attributes. Only "type" is allowed.
func checkAttributes(_ *engine.Scope, attributes engine.Value) error {
	if !attributes.IsObject() {
		return nil
	}
	names, err := attributes.Keys()
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == "type" {
			continue
		}
		value, err := attributes.Get(name)
		if err != nil {
			return err
		}
		return unsupportedAttribute(name, value.Text())
	}
	return nil
}

func unsupportedAttribute(attribute, value string) error {
	return &codedError{"TypeError", "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED",
		fmt.Sprintf("Import attribute \"%s\" with value \"%s\" is not supported", attribute, value)}
}

// missingAttribute returns the error of an import of JSON without the attribute "type".
func missingAttribute(name string) error {
	return &codedError{"TypeError", "ERR_IMPORT_ATTRIBUTE_MISSING",
		fmt.Sprintf("Module \"%s\" needs an import attribute of \"type: json\"", name)}
}

// incompatibleAttribute returns the error of an import whose attribute "type" is not that of the
// module.
func incompatibleAttribute(name, kind string) error {
	if kind != "json" {
		return unsupportedAttribute("type", kind)
	}
	return &codedError{"TypeError", "ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE",
		fmt.Sprintf("Module \"%s\" is not of type \"%s\"", name, kind)}
}
