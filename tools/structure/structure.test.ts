import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { folderCircles, importCircles } from './circles.ts'
import { functionLengths } from './function-lengths.ts'
import { findImports } from './imports.ts'
import { findPhrases } from './phrases.ts'
import { parseSource } from './sources.ts'
import { proseOf, userTextsOf } from './user-texts.ts'

describe('the length of functions', () => {
  it('is counted from the first line to the last, for declarations, arrows, methods and callbacks', () => {
    const source = parseSource(
      'src/a.ts',
      [
        'function declared() {',
        '  return 1',
        '}',
        'const arrow = (a: number) => a',
        'class Box {',
        '  open() {',
        '    list.map((item) => {',
        '      return item',
        '    })',
        '  }',
        '}',
        'declare function typed(): void',
      ].join('\n'),
    )
    assert.deepEqual(
      functionLengths(source).map(({ name, line, lines }) => `${name} ${line} ${lines}`),
      ['declared 1 3', 'arrow 4 1', 'open 6 5', 'callback of list.map 7 3'],
    )
  })

  it('leaves out what describe and it are given, and counts functions inside', () => {
    const source = parseSource(
      'src/a.test.ts',
      "describe('a', () => {\n  it.skip('b', async () => {\n    make(() => 1)\n  })\n})",
    )
    assert.deepEqual(
      functionLengths(source).map(({ name }) => name),
      ['callback of make'],
    )
  })
})

describe('circles', () => {
  const imports = (files: Readonly<Record<string, string>>) =>
    findImports(Object.entries(files).map(([path, text]) => parseSource(path, text)))

  it('between files are found at run time, or with types', () => {
    const found = imports({
      'src/model/a.ts': "import { b } from './b.ts'",
      'src/model/b.ts': "export * from './c.ts'",
      'src/model/c.ts': "import type { A } from './a.ts'",
      'src/model/d.ts': "import { a } from './a.ts'",
    })
    assert.deepEqual(importCircles(found, { withTypes: false }), [])
    assert.deepEqual(importCircles(found, { withTypes: true }), [
      ['src/model/a.ts', 'src/model/b.ts', 'src/model/c.ts'],
    ])
  })

  it('close over a lazy import too', () => {
    const found = imports({
      'src/a.ts': "await import('./b.ts')",
      'src/b.ts': "import { type A } from './a.ts'",
    })
    assert.deepEqual(importCircles(found, { withTypes: false }), [['src/a.ts', 'src/b.ts']])
  })

  it('between folders are found where no two files need each other', () => {
    const found = imports({
      'src/store/cases/list.ts': "import { row } from '../rows/row.ts'",
      'src/store/rows/row.ts': '',
      'src/store/rows/other.ts': "import type { Case } from '../cases/case.ts'",
      'src/store/cases/case.ts': '',
    })
    assert.deepEqual(importCircles(found, { withTypes: true }), [])
    assert.deepEqual(folderCircles(found), [['src/store/cases', 'src/store/rows']])
  })

  it('do not count files that stand beside the folders, nor tests beside the code', () => {
    const found = imports({
      'src/store/open.ts': "import { row } from './rows/row.ts'",
      'src/store/rows/row.ts': "import type { Open } from '../open.ts'",
      'src/store/rows/row.test.ts': "import { sum } from '../sums/sum.ts'",
      'src/store/sums/sum.ts': "import type { Row } from '../rows/row.ts'",
    })
    assert.deepEqual(folderCircles(found), [])
  })
})

describe('tested phrases', () => {
  it('are whole words in any case, also across a line break', () => {
    const found = findPhrases('Not In\n  step: an evening is no anew, a built-in step is fine, Anew is not')
    assert.deepEqual(
      found.map(({ phrase }) => phrase),
      ['in step', 'anew', 'anew'],
    )
  })

  it('are looked for in what people read, not in comments, identifiers, values, types, imports or SQL', () => {
    const source = parseSource(
      'src/a.tsx',
      [
        "import { fate } from './fate.ts'",
        '// nothing anew',
        "type Fate = 'fate' | 'the fate'",
        "const anew = 'fate'",
        'const rows = read(`select fate from records where id = 1`)',
        "const said = 'Try anew'",
        'const page = <p title="fate">Records in step: {`of whoever`}</p>',
      ].join('\n'),
    )
    const found = userTextsOf(source).flatMap(({ text }) => findPhrases(text).map(({ phrase }) => phrase))
    assert.deepEqual(found, ['anew', 'fate', 'in step', 'whoever'])
  })

  it('are looked for in the prose of a document, not in its code', () => {
    const page = 'Tried `anew`, and\n```sh\nlanekeeper anew\n```\nanew'
    assert.deepEqual(findPhrases(proseOf(page)), [{ phrase: 'anew', offset: page.length - 4 }])
  })
})
