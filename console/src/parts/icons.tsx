import type { JSX } from 'react'

/** Drawn here because an icon library would add 30 MB to the install for these few. All on a grid of 24 by 24. */
const SHAPES = {
  check: <path d="m5 12 5 5 9-11" />,
  cross: <path d="M6 6l12 12M18 6 6 18" />,
  question: <path d="M9 9a3 3 0 1 1 4.300 2.700c-.9.500-1.300 1.100-1.300 2.300m0 4v.01" />,
  pause: <path d="M8 5v14M16 5v14" />,
  block: <path d="M8 2h8l6 6v8l-6 6H8l-6-6V8zM8 12h8" />,
  circleCheck: <path d="M21 12a9 9 0 1 1-18 0 9 9 0 1 1 18 0zM8 12l3 3 5-6" />,
  triangle: <path d="M12 3 2 20h20L12 3zM12 10v4m0 3v.01" />,
  person: <path d="M16 8a4 4 0 1 1-8 0 4 4 0 1 1 8 0zM4 21c0-4.500 3.500-7 8-7s8 2.500 8 7" />,
  money: (
    <path d="M12 2 22 12 12 22 2 12zM12 7.500v9M14.500 9.500c-.5-1-4.800-1.500-4.800.6 0 2.400 5 1.300 5 3.800 0 2.100-4.500 2-5.200.4" />
  ),
  box: (
    <path d="M6 3h12a3 3 0 0 1 3 3v12a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3V6a3 3 0 0 1 3-3zM9.500 9.500a2.500 2.500 0 1 1 3.600 2.300c-.8.4-1.100.9-1.100 1.700m0 3v.01" />
  ),
  sun: (
    <path d="M16 12a4 4 0 1 1-8 0 4 4 0 1 1 8 0zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.400 1.400m11.200 11.200L19 19M19 5l-1.400 1.400M6.400 17.600 5 19" />
  ),
  moon: <path d="M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z" />,
  signOut: <path d="M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11m-4-4 4 4-4 4" />,
  out: <path d="M14 4h6v6M20 4l-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5" />,
  copy: (
    <path d="M11 9h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1" />
  ),
  download: <path d="M12 3v12m-5-5 5 5 5-5M4 20h16" />,
} satisfies Record<string, JSX.Element>

type Shape = keyof typeof SHAPES

/** Always beside a word, so hidden from screen readers. */
function Icon({ shape, size = 16 }: { shape: Shape; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[shape]}
    </svg>
  )
}

const CLASSES: Readonly<Record<string, Shape>> = {
  expected: 'circleCheck',
  risky: 'triangle',
  'customer-facing': 'person',
  'revenue-impacting': 'money',
}

/** One outline per class, so that the class is known without its color. */
export function ClassIcon({ name }: { name: string }) {
  return <Icon shape={CLASSES[name] ?? 'box'} />
}

const POSTURES: Readonly<Record<string, Shape>> = { confirm: 'check', hold: 'pause' }

export function PostureIcon({ name }: { name: string }) {
  return <Icon shape={POSTURES[name] ?? 'block'} />
}

const CHECKS: Readonly<Record<string, Shape>> = { works: 'check', missing: 'cross' }

/** The result of a permission check: the outline tells it without the color. */
export function CheckIcon({ name }: { name: string }) {
  return <Icon shape={CHECKS[name] ?? 'question'} />
}

export const SunIcon = () => <Icon shape="sun" size={18} />
export const MoonIcon = () => <Icon shape="moon" size={18} />
export const SignOutIcon = () => <Icon shape="signOut" size={18} />
export const OutIcon = () => <Icon shape="out" size={14} />
export const CopyIcon = () => <Icon shape="copy" size={14} />
export const DownloadIcon = () => <Icon shape="download" />
