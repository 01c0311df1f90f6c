import type { ReactNode } from 'react'

/** Small line icons. Always beside a word, so they are hidden from screen readers. */
function Icon({ children, size = 16 }: { children: ReactNode; size?: number }) {
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
      {children}
    </svg>
  )
}

/** One outline per class, so that the class is known without its colour. */
export function ClassIcon({ name }: { name: string }) {
  switch (name) {
    case 'expected':
      return (
        <Icon>
          <circle cx="12" cy="12" r="9" />
          <path d="m8 12 3 3 5-6" />
        </Icon>
      )
    case 'risky':
      return (
        <Icon>
          <path d="M12 3 2 20h20L12 3z" />
          <path d="M12 10v4m0 3v.01" />
        </Icon>
      )
    case 'customer-facing':
      return (
        <Icon>
          <circle cx="12" cy="8" r="4" />
          <path d="M4 21c0-4.5 3.5-7 8-7s8 2.500 8 7" />
        </Icon>
      )
    case 'revenue-impacting':
      return (
        <Icon>
          <path d="M12 2 22 12 12 22 2 12z" />
          <path d="M12 7.500v9M14.500 9.500c-.5-1-4.800-1.500-4.800.6 0 2.400 5 1.300 5 3.800 0 2.100-4.500 2-5.200.4" />
        </Icon>
      )
    default:
      return (
        <Icon>
          <rect x="3" y="3" width="18" height="18" rx="3" />
          <path d="M9.500 9.500a2.500 2.500 0 1 1 3.600 2.300c-.8.4-1.100.9-1.100 1.700m0 3v.01" />
        </Icon>
      )
  }
}

export function PostureIcon({ name }: { name: string }) {
  switch (name) {
    case 'confirm':
      return (
        <Icon>
          <path d="m5 12 5 5 9-11" />
        </Icon>
      )
    case 'hold':
      return (
        <Icon>
          <path d="M8 5v14M16 5v14" />
        </Icon>
      )
    default:
      return (
        <Icon>
          <path d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" />
          <path d="M8 12h8" />
        </Icon>
      )
  }
}

export function SunIcon() {
  return (
    <Icon size={18}>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.400 1.400m11.200 11.200L19 19M19 5l-1.400 1.400M6.400 17.600 5 19" />
    </Icon>
  )
}

export function MoonIcon() {
  return (
    <Icon size={18}>
      <path d="M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z" />
    </Icon>
  )
}

export function SignOutIcon() {
  return (
    <Icon size={18}>
      <path d="M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11m-4-4 4 4-4 4" />
    </Icon>
  )
}

export function OutIcon() {
  return (
    <Icon size={14}>
      <path d="M14 4h6v6M20 4l-9 9M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5" />
    </Icon>
  )
}

/** How a tried permission came out: the outline says it without the colour. */
export function CheckIcon({ name }: { name: string }) {
  switch (name) {
    case 'works':
      return (
        <Icon>
          <path d="m5 12 5 5 9-11" />
        </Icon>
      )
    case 'missing':
      return (
        <Icon>
          <path d="M6 6l12 12M18 6 6 18" />
        </Icon>
      )
    default:
      return (
        <Icon>
          <path d="M9 9a3 3 0 1 1 4.300 2.700c-.9.500-1.300 1.100-1.300 2.300m0 4v.01" />
        </Icon>
      )
  }
}

export function CopyIcon() {
  return (
    <Icon size={14}>
      <rect x="9" y="9" width="11" height="11" rx="2" />
      <path d="M5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1" />
    </Icon>
  )
}

export function DownloadIcon() {
  return (
    <Icon size={16}>
      <path d="M12 3v12m-5-5 5 5 5-5M4 20h16" />
    </Icon>
  )
}
