import type { Circle } from './circles.ts'
import { type Counted, LIMITS, type Measurements } from './measurements.ts'
import { TESTED_PHRASES } from './phrases.ts'
import type { Spread } from './spread.ts'

/** The measurements as a page for the terminal: the figures first, then what stands behind each. */
export function reportOf(measured: Measurements): string {
  return `${[figures(measured), ...details(measured)].join('\n\n')}\n`
}

function figures(measured: Measurements): string {
  const { filesPerFolder, functions, files, vendorNames, phrases } = measured
  return [
    `Files per folder              ${spread(filesPerFolder)}; over ${LIMITS.filesPerFolder}: ${filesPerFolder.over.length}`,
    `Functions, product, lines     ${spread(functions.product)}; over ${LIMITS.functionLines}: ${functions.product.over.length}`,
    `Functions, tests, lines       ${spread(functions.tests)}`,
    `Files, product, lines         ${spread(files.product)}; over ${LIMITS.productFileLines}: ${files.product.over.length}`,
    `Files, tests, lines           ${spread(files.tests)}; over ${LIMITS.testFileLines}: ${files.tests.over.length}`,
    `Import circles at run time    ${circleCount(measured.runtimeCircles)}`,
    `Import circles with types     ${circleCount(measured.typeCircles)}`,
    `Circles between folders       ${circleCount(measured.folderCircles)}`,
    `Files that name a vendor      ${vendorNames.length}, outside src/crm, src/config and console/src/connect`,
    `Arrows between rooms          ${measured.arrows.length}`,
    `Tested phrases                ${phrases.length}: ${phraseCounts(phrases)}`,
  ].join('\n')
}

function details(measured: Measurements): string[] {
  const { filesPerFolder, functions, files } = measured
  const functionsOver = functions.product.over.map(
    ({ path, line, name, lines }) => `${String(lines).padStart(5)}  ${name}  ${path}:${line}`,
  )
  return [
    list(`Folders over ${LIMITS.filesPerFolder} files`, filesPerFolder.over.map(counted)),
    list(`Functions over ${LIMITS.functionLines} lines`, functionsOver),
    list(`Product files over ${LIMITS.productFileLines} lines`, files.product.over.map(counted)),
    list(`Test files over ${LIMITS.testFileLines} lines`, files.tests.over.map(counted)),
    list('Import circles at run time', measured.runtimeCircles.map(circle)),
    list('Import circles with types', measured.typeCircles.map(circle)),
    list('Circles between folders', measured.folderCircles.map(circle)),
    list('Files that name a vendor, times', measured.vendorNames.map(counted)),
    list(
      'Arrows between rooms, imports',
      measured.arrows.map(({ from, to, imports }) => `${String(imports).padStart(5)}  ${from} -> ${to}`),
    ),
    list(
      'Tested phrases',
      measured.phrases.map(({ phrase, path, line }) => `  ${path}:${line}  ${phrase}`),
    ),
  ]
}

function spread({ count, median, p95, max }: Spread): string {
  return `median ${median}, p95 ${p95}, max ${max}, of ${count}`
}

function circleCount(circles: readonly Circle[]): string {
  return circles.length === 0 ? '0' : `${circles.length}, with ${circles.flat().length} members`
}

function phraseCounts(phrases: Measurements['phrases']): string {
  const counts = TESTED_PHRASES.map(({ phrase }) => ({
    phrase,
    count: phrases.filter((found) => found.phrase === phrase).length,
  }))
  const there = counts.filter(({ count }) => count > 0)
  return there.map(({ phrase, count }) => `${phrase} ${count}`).join(', ') || 'none'
}

function list(title: string, lines: readonly string[]): string {
  return [`${title} (${lines.length})`, ...lines].join('\n')
}

function counted({ path, count }: Counted): string {
  return `${String(count).padStart(5)}  ${path}`
}

function circle(members: Circle): string {
  return `  ${members.join('  ')}`
}
