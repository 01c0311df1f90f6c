import {
  Alert,
  Avatar,
  Badge,
  createTheme,
  DataList,
  type MantineColorsTuple,
  Modal,
  Paper,
  Progress,
  Table,
  Text,
} from '@mantine/core'

/** Deep water: calm beside the class colors, which are the only loud ones. */
const lane: MantineColorsTuple = [
  '#e8f5f6',
  '#d5e8ea',
  '#a9d1d5',
  '#7ab8bf',
  '#54a3ac',
  '#3b95a0',
  '#2a8c99',
  '#187986',
  '#0f6b78',
  '#0a5560',
]

/** Mantine's own dark scale is a neutral gray; this one matches the water. */
const dark: MantineColorsTuple = [
  '#e6edf0',
  '#c4d0d6',
  '#9fb0b9',
  '#6f838d',
  '#3d4c54',
  '#2f3c43',
  '#1d272d',
  '#182126',
  '#141c20',
  '#10171b',
]

export const theme = createTheme({
  primaryColor: 'lane',
  primaryShade: { light: 8, dark: 4 },
  autoContrast: true,
  black: '#16242b',
  colors: { lane, dark },
  defaultRadius: 'md',
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontWeight: '640' },
  components: {
    Alert: Alert.extend({ defaultProps: { px: 14, py: 10 } }),
    Avatar: Avatar.extend({ styles: { placeholder: { background: 'var(--track)', color: 'var(--ink)' } } }),
    Badge: Badge.extend({ defaultProps: { tt: 'none', radius: 6, size: 'lg', fw: 620 } }),
    DataList: DataList.extend({ styles: { itemValue: { flex: 1, minWidth: 0, overflowWrap: 'anywhere' } } }),
    Modal: Modal.extend({
      styles: { title: { fontSize: 17, fontWeight: 640 }, content: { border: '1px solid var(--line)' } },
    }),
    Paper: Paper.extend({ defaultProps: { withBorder: true, radius: 10, px: 18, py: 16 } }),
    Progress: Progress.extend({ defaultProps: { size: 6, color: 'var(--fill)', bg: 'var(--track)' } }),
    Table: Table.extend({ styles: { th: { paddingLeft: 0 }, td: { paddingLeft: 0 } } }),
    Text: Text.extend({ defaultProps: { size: 'sm' } }),
  },
})
