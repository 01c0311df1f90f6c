import type { Surface } from '../../model/surface/surface.ts'

/** Which connected CRMs the numbers say nothing about. */
export function leftOutText({ leftOut }: Pick<Surface, 'leftOut'>): string {
  const names = leftOut.map(({ title }) => title).join(' and ')
  const [is, its] = leftOut.length === 1 ? ['is', 'its'] : ['are', 'their']
  return `Left out: ${names} ${is} still being imported, so neither ${its} records nor matches with them are counted`
}
